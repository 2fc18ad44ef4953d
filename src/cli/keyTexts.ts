import type { AccessKey } from '../model/accessKey.ts'

/** What a key may do, as a sentence. */
export function describeRights({ scopes, reach, expiresAt }: AccessKey): string {
  const buckets = reach.buckets.includes('*') ? 'every bucket' : `the buckets ${reach.buckets.join(', ')}`
  const names = reach.prefix === '' ? '' : `, for names that begin with "${reach.prefix}"`
  const end = expiresAt === null ? 'It does not expire.' : `It expires at ${expiresAt}.`
  return `Its scopes are ${scopes.join(', ')}, in ${buckets}${names}. ${end}`
}

/** A table of keys, one line each, below a line of titles. `now` in milliseconds since 1970 decides what has expired. */
export function keyTable(keys: readonly AccessKey[], now: number): string {
  const rows = [
    ['ID', 'NAME', 'STATE', 'SCOPES', 'BUCKETS', 'PREFIX', 'EXPIRES', 'LAST USED'],
    ...keys.map((key) => [
      key.id,
      key.name,
      stateOf(key, now),
      key.scopes.join(','),
      key.reach.buckets.join(','),
      key.reach.prefix || '-',
      key.expiresAt ?? 'never',
      key.lastUsedAt ?? 'never',
    ]),
  ]
  const widths =
    rows[0]?.map((_title, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

function stateOf({ revokedAt, expiresAt }: AccessKey, now: number): string {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && Date.parse(expiresAt) <= now ? 'expired' : 'active'
}
