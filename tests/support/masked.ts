const KEY = /upfk_[0-9A-Za-z]{50}/g
const KEY_ID = /^[0-9A-Za-z]{12}$/
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const VARYING = new Set([
  'at',
  'created_at',
  'updated_at',
  'stored_at',
  'version',
  'latency_ms',
  'expires_at',
  'location',
  'url',
  'fields', // each storage wants its own with the bytes
])

/** A body without what differs from run to run: ids, times, versions, access keys, links and their fields. */
export const masked = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, value) => {
      if (VARYING.has(key)) return `<${typeof value}>`
      if (typeof value !== 'string') return value
      const text = value.replace(UUID, '<id>').replace(KEY, '<key>')
      return key === 'id' ? text.replace(KEY_ID, '<id>') : text
    }),
  )
