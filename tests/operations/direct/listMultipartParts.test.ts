import { randomBytes, randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { beginMultipart, sendPart } from '../../support/direct.ts'

describeService('listMultipartParts: a file in parts', (service) => {
  const MIB = 2 ** 20

  /** Begins an upload and sends its parts, in this order. Returns its id and the parts as they are named in the end. */
  async function sendAll(parts: readonly Buffer[], more: object = {}) {
    const { body } = await beginMultipart(service, { ...more })
    const named = []
    for (const [index, part] of parts.entries())
      named.push({ PartNumber: index + 1, ETag: await sendPart(service, body.uploadId, index + 1, part) })
    return { id: body.uploadId, named }
  }

  it('tells which parts are there, so that its sender can go on', async () => {
    const { id, named } = await sendAll([randomBytes(5 * MIB), randomBytes(100)])
    const { body } = await send(service, `/s3/multipart/${id}?key=${id}`)
    expect(body).toEqual(named.map((part, index) => ({ ...part, Size: index === 0 ? 5 * MIB : 100 })))
  })

  it('cannot be asked for with the key of another', async () => {
    const { id } = await sendAll([])
    expect(await send(service, `/s3/multipart/${id}?key=${randomUUID()}`)).toBeProblem(
      404,
      'upload-not-found',
    )
  })
})
