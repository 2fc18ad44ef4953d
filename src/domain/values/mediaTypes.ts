import { canonicalType } from './mediaTypeNames.ts'

/** The essence of a media type, in lower case and without parameters; undefined for text that is no media type. */
export function parseMediaType(text: string | undefined): string | undefined {
  const essence = text?.split(';', 1)[0]?.trim().toLowerCase()
  return essence !== undefined && /^[\w!#$&^.+-]{1,126}\/[\w!#$&^.+-]{1,126}$/.test(essence)
    ? essence
    : undefined
}

/**
 * Whether a list of types, or families as `image/*`, contains this type under any of its names. The empty list contains every
 * type.
 */
export function allowsType(allowed: readonly string[], type: string): boolean {
  if (allowed.length === 0) return true
  const name = canonicalType(type)
  return allowed.some((entry) =>
    entry.endsWith('/*') ? name.startsWith(entry.slice(0, -1)) : canonicalType(entry) === name,
  )
}
