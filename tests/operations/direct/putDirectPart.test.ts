import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { completeMultipart, sendAll, sendPart } from '../../support/api/direct.ts'
import { download } from '../../support/api/files.ts'
import { describeService } from '../../support/describeService.ts'

describeService('putDirectPart: a part', (service) => {
  it('is answered with the entity tag that completes the file, and replaces the one before', async () => {
    const { id } = await sendAll(service, [Buffer.from('before')])
    const ETag = await sendPart(service, id, 1, Buffer.from('hello'))
    expect(ETag).toBe('"5d41402abc4b2a76b9719d911017c592"')
    await completeMultipart(service, id, [{ PartNumber: 1, ETag }]).expect(200)
    expect((await download(service, id)).body.toString()).toBe('hello')
  })

  it.each([
    ['no link', ''],
    ['a link that nobody signed', '?expires=9999999999&key_id=00000000&signature=x'],
  ])('is refused with %s, and learns nothing', async (_case, query) => {
    const { id } = await sendAll(service, [])
    for (const upload of [id, randomUUID()]) {
      const answer = await service.api.put(`/direct/${upload}/parts/1${query}`).send(Buffer.from('x'))
      expect(answer).toBeProblem(403, 'link-invalid')
    }
    expect((await service.api.get(`/s3/multipart/${id}`)).body).toEqual([])
  })
})
