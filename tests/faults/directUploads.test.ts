import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import { download, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import {
  announce,
  beginMultipart,
  completeMultipart,
  getStatus,
  gif,
  sendDirect,
  sendPart,
  setStatus,
} from '../support/direct.ts'
import { armFailpoints } from '../support/service.ts'

describeService('direct uploads under faults', (service) => {
  afterEach(() => armFailpoints(''))

  /** Steps of a commit at which the database gives up, before and after it is done. */
  const steps = ['U9', 'U10', 'U11', 'U12', 'U13']

  describe('a direct upload whose commit breaks off', () => {
    it.each(steps)('at %s is a file when its sender tries again', async (step) => {
      const bytes = gif(randomUUID())
      const { body } = await announce(service, bytes, { method: 'PUT' })
      await armFailpoints(`${step}=ECONNRESET@1`)
      const sent = await sendDirect(service, body, bytes)
      const said = await setStatus(service, body.key, 'uploaded')
      expect([200, 201, 409, 503]).toEqual(expect.arrayContaining([sent.status, said.status]))
      await armFailpoints('')
      if ((await getStatus(service, body.key)).body.status !== 'uploaded') {
        expect([200, 201]).toContain((await sendDirect(service, body, bytes)).status)
        expect((await setStatus(service, body.key, 'uploaded')).status).toBe(200)
      }
      expect((await download(service, body.key)).bytes).toEqual(bytes)
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it.each(steps)(
      'at %s when its parts are put together is a file when its sender tries again',
      async (step) => {
        const { body } = await beginMultipart(service)
        const bytes = randomBytes(3000)
        const parts = [{ PartNumber: 1, ETag: await sendPart(service, body.uploadId, 1, bytes) }]
        await armFailpoints(`${step}=ECONNRESET@1`)
        const { status } = await completeMultipart(service, body.uploadId, parts)
        expect([200, 503]).toContain(status)
        await armFailpoints('')
        await service.maintain()
        expect((await completeMultipart(service, body.uploadId, parts)).status).toBe(200)
        expect((await download(service, body.uploadId)).bytes.equals(bytes)).toBe(true)
        await service.maintain()
        expect(await service.violations()).toEqual([])
      },
    )
  })

  describe('an upload in parts', () => {
    it('takes parts, a completion and an end at once, and is a file or gone', async () => {
      for (let round = 0; round < 10; round++) {
        const { body } = await beginMultipart(service)
        const id = body.uploadId
        const parts = [{ PartNumber: 1, ETag: await sendPart(service, id, 1, randomBytes(100)) }]
        const [completed, aborted] = await Promise.all([
          completeMultipart(service, id, parts),
          send(service, `/s3/multipart/${id}`, { method: 'DELETE' }),
          sendPart(service, id, 2, randomBytes(100)).catch(() => ''),
        ])
        expect([200, 404, 503]).toEqual(expect.arrayContaining([completed.status, aborted.status]))
        const file = await send(service, `${filesPath}/${id}`)
        expect(file.status).toBe(completed.status === 200 ? 200 : 404)
        if (aborted.status === 200) expect(file.status).toBe(404)
      }
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })
  })
})
