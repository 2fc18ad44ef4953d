import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { completeMultipart, sendAll } from '../../support/api/direct.ts'
import { follow } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('signMultipartPart: the URL of a part', (service) => {
  it('takes the bytes of that part, and no cache may keep it', async () => {
    const { id } = await sendAll(service, [])
    const { headers, body } = await service.api.get(`/s3/multipart/${id}/2?key=${id}`).expect(200)
    expect(headers['cache-control']).toBe('no-store')
    expect(body).toEqual({ url: expect.any(String), expires: expect.any(Number) })
    expect(body.expires).toBeGreaterThan(0)
    const sent = await follow(service, body.url, 'put').send(Buffer.from('hello'))
    expect([sent.status, sent.headers.etag]).toEqual([200, '"5d41402abc4b2a76b9719d911017c592"'])
    const { body: parts } = await service.api.get(`/s3/multipart/${id}`)
    expect(parts).toEqual([{ PartNumber: 2, ETag: sent.headers.etag, Size: 5 }])
  })

  it('cannot be had once the upload is complete', async () => {
    const { id, named } = await sendAll(service, [Buffer.from('all of it')])
    await completeMultipart(service, id, named).expect(200)
    expect(await service.api.get(`/s3/multipart/${id}/2`)).toBeProblem(409, 'upload-taken')
  })

  it.each([
    ['an id that is none', () => 'x/1', 400],
    ['an unknown id', () => `${randomUUID()}/1`, 404],
    ['the key of another upload', (id: string) => `${id}/1?key=${randomUUID()}`, 404],
    ['part 0', (id: string) => `${id}/0`, 400],
    ['part 10,001', (id: string) => `${id}/10001`, 400],
    ['an unknown parameter', (id: string) => `${id}/1?part=1`, 400],
  ])('cannot be had for %s', async (_case, target, status) => {
    const { id } = await sendAll(service, [])
    expect(await service.api.get(`/s3/multipart/${target(id)}`)).toBeProblem(status)
  })
})
