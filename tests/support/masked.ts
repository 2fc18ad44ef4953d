const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const VARYING = new Set([
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

/** A body without what differs from run to run: ids, times, versions, links and their fields. */
export const masked = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, value) => {
      if (VARYING.has(key)) return `<${typeof value}>`
      return typeof value === 'string' ? value.replace(UUID, '<id>') : value
    }),
  )
