import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { beginMultipart, completeMultipart, sendPart } from '../support/direct.ts'

describeService('a file in parts', (service) => {
  /** Begins an upload and sends its parts, in this order. Returns its id and the parts as they are named in the end. */
  async function sendAll(parts: readonly Buffer[], more: object = {}) {
    const { body } = await beginMultipart(service, { ...more })
    const named = []
    for (const [index, part] of parts.entries())
      named.push({ PartNumber: index + 1, ETag: await sendPart(service, body.uploadId, index + 1, part) })
    return { id: body.uploadId, named }
  }

  it.each([
    ['an id that is none', 'x', 400],
    ['an unknown id', randomUUID(), 404],
  ])('cannot be asked for by %s', async (_case, id, status) => {
    expect(await send(service, `/s3/multipart/${id}`)).toBeProblem(status)
    expect(await send(service, `/s3/multipart/${id}/1`)).toBeProblem(status)
    expect(await send(service, `/s3/multipart/${id}`, { method: 'DELETE' })).toBeProblem(status)
    expect(await completeMultipart(service, id, [{ PartNumber: 1, ETag: 'x' }])).toBeProblem(status)
  })

  it.each(['0', '01', '10001', '1.5', '0x1', '1e0', '%2B1', '%201', 'x'])(
    'has no part %s',
    async (number) => {
      const { id } = await sendAll([])
      expect(await send(service, `/s3/multipart/${id}/${number}`)).toBeProblem(400)
      expect(await send(service, `/s3/multipart/${id}/batch?partNumbers=${number}`)).toBeProblem(400)
    },
  )
})
