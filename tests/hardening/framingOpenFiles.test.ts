import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { filesPath, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { type Oracle, openVolumeFiles, watchService } from '../support/oracle.ts'
import { openRaw } from '../support/rawRequest.ts'

/** The files that the service has open show which requests are under way; on S3 there are none to be seen. */
describeService('A connection', (service) => {
  let oracle: Oracle
  beforeAll(async () => {
    oracle = watchService(service)
  })
  afterAll(async () => {
    oracle.stop()
  })

  it('is served one request after the other', async () => {
    const bytes = Buffer.alloc(5_000_000, 'many bytes ')
    const { body: file } = await upload(service, bytes)
    const request = `GET ${filesPath}/${file.id}/content HTTP/1.1\r\nHost: x\r\n\r\n`
    const connection = await openRaw(service)
    connection.pause()
    await connection.write(request.repeat(30))
    await eventually(() => expect(openVolumeFiles(service)).toHaveLength(1))
    await sleep(200)
    expect(openVolumeFiles(service)).toHaveLength(1)
    connection.resume()
    for (let count = 0; count < 30; count++) {
      expect((await connection.answer()).bytes.equals(bytes)).toBe(true)
    }
    connection.destroy()
    await oracle.expectUnharmed()
  })
})
