import type { FileReference } from '../../model/file.ts'

const forms = [
  ['id', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/],
  ['sha256', /^[0-9a-f]{64}$/],
  ['sha1', /^[0-9a-f]{40}$/],
  ['md5', /^[0-9a-f]{32}$/],
] as const

/** The id, SHA-256, SHA-1 or MD5 in a text, told apart by its form alone. Undefined for any other text. */
export function parseFileReference(value: string, bucket: string): FileReference | undefined {
  const form = forms.find(([, pattern]) => pattern.test(value))
  return form && { kind: form[0], value, bucket }
}
