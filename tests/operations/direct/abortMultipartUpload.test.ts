import { randomBytes, randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, completeMultipart, sendAll } from '../../support/api/direct.ts'
import { download } from '../../support/api/files.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

describeService('abortMultipartUpload: a file in parts', (service) => {
  it('is gone when its sender gives it up', async () => {
    const { id, named } = await sendAll(service, [randomBytes(100)])
    expect(await service.api.delete(`/s3/multipart/${id}?key=${id}`)).toMatchObject({ status: 200, body: {} })
    expect(await completeMultipart(service, id, named)).toBeProblem(404, 'upload-not-found')
    expect(await service.api.get(`/s3/multipart/${id}/2`)).toBeProblem(404, 'upload-not-found')
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('stays when it is given up after it was completed', async () => {
    const { id, named } = await sendAll(service, [randomBytes(100)])
    await completeMultipart(service, id, named)
    await service.api.delete(`/s3/multipart/${id}`).expect(404)
    await download(service, id).expect(200)
  })

  it('is not found when the upload is not in parts', async () => {
    const bytes = gif(randomUUID())
    const { body } = await announce(service, bytes, { method: 'PUT' }).expect(200)
    expect(await service.api.delete(`/s3/multipart/${body.key}`)).toBeProblem(404, 'upload-not-found')
    await service.api.get(`/file-status/${body.key}`).expect(200)
  })

  it('stays when it is given up with the key of another', async () => {
    const { id, named } = await sendAll(service, [randomBytes(100)])
    const answer = await service.api.delete(`/s3/multipart/${id}?key=${randomUUID()}`)
    expect(answer).toBeProblem(404, 'upload-not-found')
    await completeMultipart(service, id, named).expect(200)
  })

  it.each([
    ['an id that is none', 'x', 400],
    ['an unknown id', randomUUID(), 404],
  ])('cannot be given up by %s', async (_case, id, status) => {
    expect(await service.api.delete(`/s3/multipart/${id}`)).toBeProblem(status)
  })
})
