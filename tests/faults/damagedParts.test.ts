import { randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { download } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { beginMultipart, completeMultipart, sendPart } from '../support/direct.ts'
import { bytesOf } from '../support/volume.ts'

describeService('a part whose bytes change on the volume', (service) => {
  it.each([
    ['its first byte', 0],
    ['a byte of its second MiB', 2 ** 20 + 5],
    ['its last byte', -1],
  ])('is no part of a file, and can be sent again: %s', async (_which, at) => {
    const parts = [randomBytes(2 ** 20 + 100), randomBytes(10)]
    const { body } = await beginMultipart(service)
    const send = async () => {
      const etags = []
      for (const [index, part] of parts.entries())
        etags.push(await sendPart(service, body.uploadId, index + 1, part))
      return etags.map((ETag, index) => ({ PartNumber: index + 1, ETag }))
    }
    const named = await send()
    const { rows } = await sql<{ storage_key: string }>`
      select storage_key from upload_parts where upload_id = ${body.uploadId} and number = 1
    `.execute(service.deps.db)
    await bytesOf(service).change(rows[0]?.storage_key ?? '', (bytes) => {
      const index = at < 0 ? bytes.length + at : at
      bytes[index] = ~(bytes[index] ?? 0)
      return bytes
    })
    const refused = await completeMultipart(service, body.uploadId, named)
    expect(refused).toBeProblem(400, 'parts-invalid')
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('part 1 is damaged') })
    expect((await completeMultipart(service, body.uploadId, await send())).status).toBe(200)
    expect((await download(service, body.key)).bytes.equals(Buffer.concat(parts))).toBe(true)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })
})
