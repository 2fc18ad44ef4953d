import { randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { download, send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { beginMultipart, completeMultipart, sendPart } from '../../support/direct.ts'

describeService('abortMultipartUpload: a file in parts', (service) => {
  /** Begins an upload and sends its parts, in this order. Returns its id and the parts as they are named in the end. */
  async function sendAll(parts: readonly Buffer[], more: object = {}) {
    const { body } = await beginMultipart(service, { ...more })
    const named = []
    for (const [index, part] of parts.entries())
      named.push({ PartNumber: index + 1, ETag: await sendPart(service, body.uploadId, index + 1, part) })
    return { id: body.uploadId, named }
  }

  it('is gone when its sender gives it up', async () => {
    const { id, named } = await sendAll([randomBytes(100)])
    expect(await send(service, `/s3/multipart/${id}?key=${id}`, { method: 'DELETE' })).toMatchObject({
      status: 200,
      body: {},
    })
    expect(await completeMultipart(service, id, named)).toBeProblem(404, 'upload-not-found')
    expect(await send(service, `/s3/multipart/${id}/2`)).toBeProblem(404, 'upload-not-found')
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('stays when it is given up after it was completed', async () => {
    const { id, named } = await sendAll([randomBytes(100)])
    await completeMultipart(service, id, named)
    expect((await send(service, `/s3/multipart/${id}`, { method: 'DELETE' })).status).toBe(404)
    expect((await download(service, id)).status).toBe(200)
  })
})
