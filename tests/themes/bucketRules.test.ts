import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, putRaw, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { makeBucket, putNamed, sendJson } from '../support/named.ts'

describeService('the rules of a bucket', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const gif = Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1')
  it('bound the size of its files, wherever the bucket is named and however the file comes', async () => {
    const { name } = (await makeBucket(service, fresh(), { max_file_size: 10 })).body
    const [fits, more] = ['x'.repeat(10), 'x'.repeat(11)]
    const ways: Record<string, (bytes: string) => Promise<{ status: number }>> = {
      form: (bytes) => upload(service, bytes, { fields: { bucket: name }, query: '?duplicates=allow' }),
      raw: (bytes) => putRaw(service, bytes, { query: `?bucket=${name}&duplicates=allow` }),
      named: (bytes) => putNamed(service, 'a.txt', bytes, { bucket: name }),
      field: (bytes) => putNamed(service, 'a.txt', bytes, { fields: { bucket: name } }),
    }
    for (const [way, store] of Object.entries(ways)) {
      expect([way, (await store(fits)).status]).toEqual([way, 201])
      expect([way, await store(more)]).toEqual([way, expect.objectContaining({ status: 413 })])
    }
    expect(await service.violations()).toEqual([])
  })

  it('refuse a file that says it is too large before it is sent', async () => {
    const { name } = (await makeBucket(service, fresh(), { max_file_size: 10 })).body
    const answer = await putRaw(service, 'x'.repeat(20), { query: `?bucket=${name}` })
    expect(answer).toBeProblem(413, 'file-too-large')
    expect(answer.body).toMatchObject({ max_size: 10 })
  })

  it('let only its types in, by what the bytes are', async () => {
    const { name } = (await makeBucket(service, fresh(), { allowed_types: ['image/*'] })).body
    expect((await putNamed(service, 'a.gif', gif, { bucket: name })).status).toBe(201)
    expect(await putNamed(service, 'a.gif', 'text', { bucket: name })).toBeProblem(415, 'type-not-allowed')
    const { id } = (
      await send<{ data: { location: string } }>(service, `/file/${name}/a.gif`)
    ).body.data.location.match(/\/links\/(?<id>[^/]+)/)?.groups ?? { id: '' }
    if (id)
      expect(await sendJson(service, 'PUT', `${filesPath}/${id}`, { file_type: 'text/html' })).toBeProblem(
        415,
        'type-not-allowed',
      )
  })

  it('give files a life whose sender says nothing about it', async () => {
    const { name } = (await makeBucket(service, fresh(), { expires_in: 3600 })).body
    const usual = (await upload(service, 'usual', { fields: { bucket: name } })).body
    const own = (await upload(service, 'own', { fields: { bucket: name, expires_in: '60' } })).body
    const life = ({ created_at, expires_at }: FileBody) =>
      (Date.parse(String(expires_at)) - Date.parse(created_at)) / 1000
    expect([life(usual), life(own)]).toEqual([3600, 60])
  })
})
