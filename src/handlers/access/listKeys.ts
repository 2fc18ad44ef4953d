import { listKeys as list } from '../../domain/access/keys.ts'
import { toKeyBody } from '../../http/answers/keyBody.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const listKeys: Operation<'listKeys'> = (deps) => async (req, res) => {
  const { limit = 100, after = '' } = req.query
  const keys = await list(deps, actorOf(req), { after, limit: limit + 1 })
  const page = keys.slice(0, limit)
  const last = page.at(-1)
  if (keys.length > limit && last) {
    const query = new URLSearchParams({ limit: String(limit), after: last.name })
    res.set('Link', `<${publicUrl(req, '/keys')}?${query}>; rel="next"`)
  }
  res.set('Cache-Control', 'private, no-cache')
  res.json(page.map(toKeyBody))
}
