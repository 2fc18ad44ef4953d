import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type FileBody, fileWriter } from '../../src/http/answers/fileBody.ts'
import { beginContext } from '../../src/http/contract/context.ts'
import type { FileRecord } from '../../src/model/file.ts'
import { anyText } from '../support/property.ts'

const time = fc
  .integer({ min: -6e13, max: 2.5e14 })
  .map((milliseconds) => new Date(milliseconds).toISOString())
const oddText = fc.oneof(anyText(), fc.constantFrom('"', '\\', '\n', '\u2028', '😀', '</script>', '\ud800'))
const metadata = fc.oneof(
  fc.dictionary(oddText, fc.jsonValue({ maxDepth: 3 })),
  fc.constantFrom({}, { b: 1, 1: 2 }, { a: -0, b: 1e300, c: 0.1 }),
)

/** A file, and its metadata as a value. */
const files = fc.record({ value: metadata, name: oddText, mediaType: oddText }).chain(({ value, ...texts }) =>
  fc.record<{ value: Record<string, unknown>; file: FileRecord }>({
    value: fc.constant(value),
    file: fc.record<FileRecord>({
      id: fc.constant('0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11'),
      bucket: fc.constantFrom('default', 'a.b_c-1'),
      name: fc.constant(texts.name),
      named: fc.boolean(),
      mediaType: fc.constant(texts.mediaType),
      owner: fc.option(oddText),
      size: fc.maxSafeNat(),
      hash: fc.constant('a1'.repeat(32)),
      sha1: fc.constant('b2'.repeat(20)),
      md5: fc.constant('c3'.repeat(16)),
      metadata: fc.constant(JSON.stringify(value)),
      version: fc.nat(),
      createdAt: time,
      updatedAt: time,
      storedAt: time,
      expiresAt: fc.option(time),
      deletedAt: fc.option(time),
      createdBy: fc.constantFrom(null, 'key:0123456789Ab'),
    }),
  }),
)

const toBody = (base: string, file: FileRecord, metadata: Record<string, unknown>): FileBody => ({
  id: file.id,
  file_hash: file.hash,
  file_name: file.name,
  file_size: file.size,
  file_type: file.mediaType,
  file_sha1: file.sha1,
  file_md5: file.md5,
  bucket: file.bucket,
  status: file.deletedAt === null ? 'stored' : 'deleted',
  owner: file.owner,
  metadata,
  created_at: file.createdAt,
  updated_at: file.updatedAt,
  stored_at: file.storedAt,
  expires_at: file.expiresAt,
  deleted_at: file.deletedAt,
  created_by: file.createdBy,
  content_url: `${base}/service/fileupload/${file.id}/content`,
})

describe('a file', () => {
  it('is written as JSON.stringify writes the body of the contract', () => {
    const bases = fc.oneof(fc.constantFrom('', 'https://files.example.com/a'), oddText)
    fc.assert(
      fc.property(files, bases, ({ file, value }, base) => {
        const req = new IncomingMessage(new Socket())
        beginContext(req, { id: '', publicBase: base })
        expect(fileWriter(req)(file)).toBe(JSON.stringify(toBody(base, file, value)))
      }),
    )
  })
})
