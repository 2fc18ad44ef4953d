import { listAuditEntries } from '../../database/rows/audit.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import type { AuditEntry } from '../../model/audit.ts'

export const listAudit: Operation<'listAudit'> = (deps) => async (req, res) => {
  const { limit = 100, ...filter } = req.query
  const entries = await listAuditEntries(deps.db, actorOf(req).reach, { ...filter, limit: limit + 1 })
  const page = entries.slice(0, limit)
  const last = page.at(-1)
  if (entries.length > limit && last) {
    const query = new URLSearchParams({ ...filter, limit: String(limit), after: String(last.id) })
    res.set('Link', `<${publicUrl(req, '/audit')}?${query}>; rel="next"`)
  }
  res.set('Cache-Control', 'private, no-store')
  res.json(page.map(toAuditBody))
}

/** An entry as the API shows it. */
const toAuditBody = (entry: AuditEntry) => ({
  id: entry.id,
  at: entry.at,
  actor: entry.actor,
  action: entry.action,
  target: entry.target,
  details: entry.details,
  request_id: entry.requestId,
  address: entry.address,
})
