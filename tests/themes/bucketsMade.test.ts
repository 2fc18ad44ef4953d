import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import {
  announce,
  beginMultipart,
  completeMultipart,
  gif,
  sendDirect,
  sendPart,
  setStatus,
} from '../support/direct.ts'
import { type Bucket, putNamed } from '../support/named.ts'

describeService('a bucket', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const get = (name: string) => send<Bucket>(service, `/buckets/${name}`)

  it('is made by the first file that is put into it', async () => {
    const [one, two] = [fresh(), fresh()]
    expect(await get(one)).toBeProblem(404, 'bucket-not-found')
    await putNamed(service, 'a.txt', 'a', { bucket: one })
    await upload(service, 'a', { fields: { bucket: two } })
    expect([(await get(one)).status, (await get(two)).status]).toEqual([200, 200])
  })

  it.each([
    ['a form for Uppy', (bucket: string) => send(service, `/s3/params?filename=a&bucket=${bucket}`)],
    ['an announced file', (bucket: string) => announce(service, gif(), { bucket })],
    ['an announced file to PUT', (bucket: string) => announce(service, gif(), { bucket, method: 'PUT' })],
    ['an upload in parts', (bucket: string) => beginMultipart(service, { bucket })],
  ])('is not made by the announcement of a file: %s', async (_what, ask) => {
    const name = fresh()
    expect((await ask(name)).status).toBe(200)
    expect(await get(name)).toBeProblem(404, 'bucket-not-found')
    expect(await send(service, `/buckets/${name}`, { method: 'DELETE' })).toBeProblem(404, 'bucket-not-found')
  })

  it('is made by an announced file that comes', async () => {
    const [one, other] = [fresh(), fresh()]
    const bytes = gif(randomUUID())
    const { body } = await announce(service, bytes, { bucket: one })
    expect((await sendDirect(service, body, bytes)).status).toBe(201)
    await setStatus(service, body.key, 'uploaded')
    const parts = await beginMultipart(service, { bucket: other })
    const ETag = await sendPart(service, parts.body.uploadId, 1, bytes)
    expect((await get(other)).status).toBe(404)
    await completeMultipart(service, parts.body.uploadId, [{ PartNumber: 1, ETag }])
    expect([(await get(one)).status, (await get(other)).status]).toEqual([200, 200])
  })

  it('is not made by a file that is refused', async () => {
    const name = fresh()
    await putRaw(service, 'a', {
      query: `?bucket=${name}`,
      headers: { 'content-digest': 'sha-256=:AAAA:' },
    })
    expect((await get(name)).status).toBe(404)
  })

  it('is made once, however many files come first', async () => {
    const name = fresh()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        putRaw(service, freshText(), { query: `?bucket=${name}&file_name=${index}` }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect((await send<FileBody[]>(service, `${filesPath}?bucket=${name}`)).body).toHaveLength(20)
  })
})
