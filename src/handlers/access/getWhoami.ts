import { accessKeyNeeded } from '../../errors/access.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const getWhoami: Operation<'getWhoami'> = () => (req, res) => {
  const { name, kind, scopes, reach, expiresAt } = actorOf(req)
  if (kind === 'anonymous' || kind === 'link') throw accessKeyNeeded()
  res.set('Cache-Control', 'no-store')
  res.json({
    actor: name ?? null,
    kind,
    scopes: [...scopes],
    buckets: [...reach.buckets],
    prefix: reach.prefix,
    owner: reach.owner ?? null,
    expires_at: expiresAt,
  })
}
