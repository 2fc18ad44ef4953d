import type { components } from '../../../api/openapi.gen.ts'
import type { KeyFields } from '../../domain/access/keyChoice.ts'
import type { AccessKey } from '../../model/accessKey.ts'
import { parseExpiry } from '../fields/expiry.ts'

/** A key as the API shows it. */
export const toKeyBody = (key: AccessKey): components['schemas']['Key'] => ({
  id: key.id,
  name: key.name,
  scopes: [...key.scopes],
  buckets: [...key.reach.buckets],
  prefix: key.reach.prefix,
  rate_per_minute: key.ratePerMinute,
  requests_per_month: key.requestsPerMonth,
  created_by: key.createdBy,
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  revoked_at: key.revokedAt,
  last_used_at: key.lastUsedAt,
})

/** The fields of a key that the body of a request gives; `now` in seconds since 1970. Throws `expiry-invalid`. */
export const toKeyFields = (body: components['schemas']['KeyChanges'], now: number): KeyFields => ({
  name: body.name,
  scopes: body.scopes,
  buckets: body.buckets,
  prefix: body.prefix,
  ratePerMinute: body.rate_per_minute,
  requestsPerMonth: body.requests_per_month,
  expiresAt: parseExpiry(body, now),
})
