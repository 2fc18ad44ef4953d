import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, sendDirect } from '../../support/api/direct.ts'
import { download } from '../../support/api/files.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { gif, sha256 } from '../../support/direct.ts'

const onS3 = process.env.TEST_STORAGE === 's3'

describeService('putDirectUpload: a body for an announced file', (service) => {
  const fresh = () => gif(randomUUID())

  it('is the file once it is answered', async () => {
    const bytes = fresh()
    const { body } = await announce(service, bytes, { method: 'PUT', sha256: sha256(bytes) })
    const sent = await sendDirect(service, body, bytes)
    expect([200, 201]).toContain(sent.status)
    if (onS3) return // S3 answers, and the file is there once its sender says so.
    expect(sent.headers.location).toBe(`${filesPath}/${body.key}`)
    expect(sent.headers.etag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(sent.body).toMatchObject({ uuid: body.key, status: 'uploaded', type: 'image/gif' })
    expect((await download(service, body.key)).body).toEqual(bytes)
  })

  it.each([
    ['no link', ''],
    ['a link that nobody signed', '?expires=9999999999&key_id=00000000&signature=x'],
  ])('is refused with %s, and learns nothing', async (_case, query) => {
    const bytes = fresh()
    const { body } = await announce(service, bytes, { method: 'PUT' })
    for (const id of [body.key, randomUUID()]) {
      const answer = await service.api.put(`/direct/${id}${query}`).send(bytes)
      expect(answer).toBeProblem(403, 'link-invalid')
    }
    await service.api.get(`${filesPath}/${body.key}`).expect(404)
  })
})
