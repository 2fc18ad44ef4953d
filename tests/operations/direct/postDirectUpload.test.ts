import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, sendDirect } from '../../support/api/direct.ts'
import { download } from '../../support/api/files.ts'
import { follow } from '../../support/api/named.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

const onS3 = process.env.TEST_STORAGE === 's3'

describeService('postDirectUpload: a form for an announced file', (service) => {
  const fresh = () => gif(randomUUID())

  it('is the file once it is answered', async () => {
    const bytes = fresh()
    const { body } = await announce(service, bytes, { method: 'POST' })
    const sent = await sendDirect(service, body, bytes)
    expect([200, 201]).toContain(sent.status)
    if (onS3) return // S3 answers, and the file is there once its sender says so.
    expect(sent.headers.location).toBe(`${filesPath}/${body.key}`)
    expect(sent.body).toMatchObject({ uuid: body.key, status: 'uploaded', type: 'image/gif' })
    expect((await download(service, body.key)).body).toEqual(bytes)
  })

  it('is refused without its file, and with a part that nobody knows', async () => {
    const bytes = fresh()
    const { body } = await announce(service, bytes, { method: 'POST' })
    if (onS3) return // S3 refuses in its own words.
    expect(await follow(service, body.url, 'post').field(body.fields)).toBeProblem(400, 'file-missing')
    const odd = await follow(service, body.url, 'post')
      .field({ ...body.fields, owner: 'me' })
      .attach('file', bytes, 'blob')
    expect(odd).toBeProblem(400, 'form-invalid')
    expect((await sendDirect(service, body, bytes)).status).toBe(201)
  })

  it('may have text behind its file, which S3 ignores too, and no other file', async () => {
    const bytes = fresh()
    const { body } = await announce(service, bytes, { method: 'POST' })
    const form = () => follow(service, body.url, 'post').field(body.fields).attach('file', bytes, 'blob')
    if (onS3) {
      const sent = await form().field({ key: 'another', owner: 'me' })
      return void expect([200, 201, 204]).toContain(sent.status)
    }
    expect(await form().attach('other', bytes, 'other.gif')).toBeProblem(400, 'form-invalid')
    expect(await form().attach('file', bytes, 'again.gif')).toBeProblem(400, 'form-invalid')
    expect((await form().field({ key: 'another', owner: 'me' })).status).toBe(201)
  })

  it.each([
    ['no link', ''],
    ['a link that nobody signed', '?expires=9999999999&key_id=00000000&signature=x'],
  ])('is refused with %s, and learns nothing', async (_case, query) => {
    const bytes = fresh()
    const { body } = await announce(service, bytes, { method: 'POST' })
    for (const id of [body.key, randomUUID()]) {
      const answer = await service.api.post(`/direct/${id}${query}`).attach('file', bytes, 'blob')
      expect(answer).toBeProblem(403, 'link-invalid')
    }
    await service.api.get(`${filesPath}/${body.key}`).expect(404)
  })
})
