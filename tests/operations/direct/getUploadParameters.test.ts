import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import type { components } from '../../../api/openapi.gen.ts'
import { getStatus, sendDirect } from '../../support/api/direct.ts'
import { download } from '../../support/api/files.ts'
import { makeBucket } from '../../support/api/named.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

describeService(
  'getUploadParameters: a file that Uppy sends in one request',
  { AUTH: 'off', PUBLIC_URL: 'https://files.example/base' },
  (service) => {
    type UploadParameters = components['schemas']['UploadParameters']

    /** Asks as Uppy does. */
    const ask = (query: Readonly<Record<string, string>>) =>
      service.api.get(`/s3/params?${new URLSearchParams(query)}`)

    /** Sends bytes as Uppy does with these parameters. Returns the answer, and the file's id. */
    async function sendForm({ url, fields, method }: UploadParameters, bytes: Buffer) {
      const target = url.replace('https://files.example/base', '')
      const answer = await sendDirect(service, { method, url: target, fields, headers: {} }, bytes)
      return { answer, id: fields.key ?? '' }
    }

    it('is a file once it is answered, under the id that was announced as its key', async () => {
      const bytes = gif(randomUUID())
      const { status, headers, body } = await ask({
        ...{ filename: 'a & b.gif', type: 'image/gif' },
        ...{ 'metadata[name]': 'a & b=c%26.gif', 'metadata[album]': '7', 'metadata[relativePath]': 'null' },
      })
      expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
      expect(body).toMatchObject({
        method: 'POST',
        url: expect.stringMatching(/^https:\/\/files\.example\/base\/direct\//),
      })
      expect(body.expires).toBeGreaterThan(0)
      const { answer, id } = await sendForm(body, bytes)
      expect(answer.status).toBe(201)
      const { body: file } = await service.api.get(`${filesPath}/${id}`)
      expect(file).toMatchObject({
        ...{ file_name: 'a & b.gif', file_type: 'image/gif', file_size: bytes.length, bucket: 'default' },
        metadata: { name: 'a & b=c%26.gif', album: '7', relativePath: 'null' },
      })
      expect((await download(service, id)).body).toEqual(bytes)
      expect((await getStatus(service, id)).body.status).toBe('uploaded')
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it.each([
      ['is empty', { filename: 'empty.txt', type: 'text/plain' }, Buffer.alloc(0)],
      ['is of another type than its name says', { filename: 'a.jpg', type: 'image/jpeg' }, gif(randomUUID())],
      ['has no type', { filename: 'unknown', type: '' }, Buffer.from('some text\n')],
      [
        'has a type that nobody knows',
        { filename: 'a.xyz', type: 'nothing at all' },
        Buffer.from('more text\n'),
      ],
    ])('may be one that %s', async (_how, query, bytes) => {
      const { answer, id } = await sendForm((await ask(query)).body, bytes)
      expect(answer.status).toBe(201)
      expect((await download(service, id)).body).toEqual(bytes)
    })

    it('may have its name and its metadata in Windows-1252', async () => {
      const { body } = await service.api.get('/s3/params?filename=Z%FCrich.gif&metadata[place]=Z%FCrich')
      const { id } = await sendForm(body, gif(randomUUID()))
      const { body: file } = await service.api.get(`${filesPath}/${id}`)
      expect(file).toMatchObject({ file_name: 'Zürich.gif', metadata: { place: 'Zürich' } })
    })

    it('obeys the rules of its bucket', async () => {
      const bucket = `b-${randomUUID()}`
      await makeBucket(service, bucket, { max_file_size: 50, allowed_types: ['image/*'] })
      const { body } = await ask({ filename: 'a.ts', type: 'video/mp2t', bucket }) // as a browser has it
      expect((await sendForm(body, Buffer.from('no picture'))).answer).toBeProblem(415, 'type-not-allowed')
      const large = await sendForm(body, gif(randomUUID().repeat(2)))
      expect(large.answer).toBeProblem(413, 'file-too-large')
      expect((await sendForm(body, gif(randomUUID().slice(0, 20)))).answer.status).toBe(201)
    })

    it('is not announced by HEAD, which changes nothing', async () => {
      const announced = () => service.deps.db.selectFrom('uploads').select('id').execute()
      const before = await announced()
      const { status, headers } = await service.api.head('/s3/params?filename=a')
      expect([status, headers.allow]).toEqual([405, 'GET, OPTIONS'])
      expect(await announced()).toEqual(before)
    })

    it.each([
      ['no name', 'type=image/gif'],
      ['an empty name', 'filename=&type=image/gif'],
      ['two names', 'filename=a&filename=b'],
      ['a key of metadata that means a prototype', 'filename=a&metadata[__proto__]=b'],
      ['metadata that cannot be kept', 'filename=a&metadata[z]=%00'],
    ])('is not announced with %s', async (_what, query) => {
      expect(await service.api.get(`/s3/params?${query}`)).toBeProblem(400)
    })

    it.each([
      ['a name in brackets', 'filename[a]=b', 'use filename'],
      ['a parameter that there is not', 'filename=a&buckett=b', 'use bucket'],
      ['another parameter in brackets', 'filename=a&other[a]=b', 'use filename, type, bucket, metadata[key]'],
      ['metadata in no brackets', 'filename=a&metadata=b', 'use metadata[key]'],
      ['metadata without a key', 'filename=a&metadata[]=b', 'use metadata[key]'],
      ['metadata in an open bracket', 'filename=a&metadata[=b', 'use metadata[key]'],
      ['metadata with text behind the bracket', 'filename=a&metadata[a]b=c', 'use metadata[key]'],
    ])('is not announced with %s, which is no parameter', async (_what, query, works) => {
      const answer = await service.api.get(`/s3/params?${query}`)
      expect(answer).toBeProblem(400, 'bad-request')
      expect(answer.body.detail).toContain(works)
    })
  },
)
