import { expect, it } from '@jest/globals'
import { beginMultipart } from '../../support/api/direct.ts'
import { makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('createMultipartUpload: an upload in parts', (service) => {
  it('is announced with an id, under which parts can be sent and no file is yet', async () => {
    const { body } = await beginMultipart(service).expect(200)
    expect(body).toEqual({ key: expect.any(String), uploadId: body.key, bucket: 'default' })
    expect((await service.api.get(`/s3/multipart/${body.uploadId}`)).body).toEqual([])
    await service.api.get(`/service/fileupload/${body.key}`).expect(404)
  })

  it('may be of a type that its sender does not know', async () => {
    await beginMultipart(service, { type: '' }).expect(200)
  })

  it('is judged by the rules of its bucket as far as it tells', async () => {
    await makeBucket(service, 'small', { max_file_size: 10 })
    const tooLarge = await beginMultipart(service, { bucket: 'small', file_size: 11 })
    expect(tooLarge).toBeProblem(413, 'file-too-large')
    await beginMultipart(service, { bucket: 'small', file_size: 10 }).expect(200)
  })

  it.each([
    ['no name', { filename: undefined }, 400],
    ['an empty name', { filename: '' }, 400],
    ['a bucket that cannot be', { bucket: '../x' }, 400],
    ['a negative size', { file_size: -1 }, 400],
    ['a size that is a text', { file_size: '10' }, 400],
    ['a hash that is none', { sha256: 'abc' }, 400],
    ['metadata that is an array', { metadata: [] }, 400],
    ['something unknown', { storage_key: 'x' }, 400],
  ])('is refused with %s', async (_case, change, status) => {
    expect(await beginMultipart(service, change)).toBeProblem(status)
  })
})
