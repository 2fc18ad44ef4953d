import { describe, expect, it } from '@jest/globals'
import {
  type Answer,
  download,
  type FileBody,
  filesPath,
  freshText,
  putRaw,
  send,
  upload,
} from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { list } from '../support/pages.ts'

const LIMIT = 100_000

describeService(
  'limits',
  { MAX_FILE_SIZE: String(LIMIT), ALLOWED_TYPES: 'image/*, Text/Plain' },
  (service) => {
    type WayIn = (
      bytes: string | Buffer,
      options?: { bucket?: string; type?: string },
    ) => Promise<Answer<FileBody>>
    const waysIn: readonly [string, WayIn][] = [
      [
        'createFile',
        (bytes, { bucket = 'default', type = '' } = {}) =>
          upload(service, bytes, { type, fields: { bucket } }),
      ],
      [
        'putFile',
        (bytes, { bucket = 'default', type = '' } = {}) =>
          putRaw(service, bytes, { query: `?bucket=${bucket}`, headers: { 'Content-Type': type || 'x/y' } }),
      ],
    ]
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')
    const count = async (bucket: string) => (await list(service, `?bucket=${bucket}&limit=1000`)).body.length

    describe.each(waysIn)('A deployment with limits, through %s', (operation, store) => {
      const bucket = `limits-${operation.toLowerCase()}`

      it.each([LIMIT - 1, LIMIT])('takes a file of %i bytes', async (size) => {
        const { status, body } = await store('x'.repeat(size), { bucket })
        expect([status, body.file_size]).toEqual([201, size])
        expect((await download(service, body.id)).bytes).toHaveLength(size)
      })

      it.each([LIMIT + 1, 3 * LIMIT, 30 * LIMIT])(
        'refuses a file of %i bytes, and says the limit',
        async (size) => {
          const before = await count(bucket)
          const refused = await store('y'.repeat(size), { bucket })
          expect(refused).toBeProblem(413, 'file-too-large')
          expect(refused.body).toMatchObject({ max_size: LIMIT })
          expect(await count(bucket)).toBe(before)
        },
      )

      it.each([
        ['text', 'plain words', '', 'text/plain'],
        ['a picture', png, '', 'image/png'],
        ['a drawing', '<svg xmlns="http://www.w3.org/2000/svg"/>', '', 'image/svg+xml'],
        ['text that is called nothing of it', 'more words', 'video/mp4', 'text/plain'],
      ])('takes what is allowed: %s', async (_case, bytes, type, detected) => {
        const { status, body } = await store(bytes, { bucket, type })
        expect([status, body.file_type]).toEqual([201, detected])
      })

      it.each([
        ['a page', '<!doctype html><p>page', ''],
        ['a page that is called a picture', '<!doctype html><p>other page', 'image/png'],
        ['a document that is called text', '%PDF-1.7\n', 'text/plain'],
        ['noise that is called a picture', Buffer.from([0, 1, 2, 250]), 'image/gif'],
        ['text of another kind', 'a,b', 'text/csv'],
        ['nothing', '', 'image/png'],
      ])('refuses what is not: %s', async (_case, bytes, type) => {
        const before = await count(bucket)
        const refused = await store(bytes, { bucket, type })
        expect(refused).toBeProblem(415, 'type-not-allowed')
        expect(await count(bucket)).toBe(before)
      })
    })

    describe('A deployment with limits', () => {
      it('refuses a body of unknown length once it is too long', async () => {
        async function* chunks() {
          for (let sent = 0; sent < 20; sent++) yield Buffer.alloc(10_000, sent)
        }
        const init = { method: 'PUT', body: ReadableStream.from(chunks()), duplex: 'half' } as RequestInit
        expect(await send(service, filesPath, init)).toBeProblem(413, 'file-too-large')
      })

      it('counts the bytes of the file, not those of the form around it', async () => {
        const fields = { metadata: JSON.stringify({ note: 'n'.repeat(60_000) }) }
        const { status, body } = await upload(service, 'z'.repeat(LIMIT), { fields })
        expect([status, body.file_size]).toEqual([201, LIMIT])
      })

      it('does not let a file become what it may not be', async () => {
        const { body } = await upload(service, freshText())
        const change = (file_type: string) =>
          send<FileBody>(service, `${filesPath}/${body.id}`, {
            method: 'PUT',
            body: JSON.stringify({ file_type }),
            headers: { 'Content-Type': 'application/json' },
          })
        expect(await change('text/html')).toBeProblem(415, 'type-not-allowed')
        expect((await send(service, `${filesPath}/${body.id}`)).body).toEqual(body)
        expect((await change('image/x-custom')).body.file_type).toBe('image/x-custom')
        expect((await change('TEXT/plain')).body.file_type).toBe('text/plain')
      })

      it('keeps nothing of what it refused', async () => {
        await service.maintain()
        expect(await service.violations()).toEqual([])
      })
    })
  },
)
