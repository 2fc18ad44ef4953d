import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, sendDirect, setStatus } from '../../support/api/direct.ts'
import { download } from '../../support/api/files.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

describeService('updateFileStatus: the status of a file', { UPLOAD_EXPIRATION: '3600' }, (service) => {
  const fresh = () => gif(randomUUID())
  /** A file that was announced and came. */
  async function uploaded() {
    const bytes = fresh()
    const { body } = await announce(service, bytes)
    await sendDirect(service, body, bytes)
    await setStatus(service, body.key, 'uploaded')
    return body.key
  }

  it('goes on as its application says, and round again after a failure', async () => {
    const id = await uploaded()
    for (const status of [
      'processing',
      'failed',
      'pending',
      'uploaded',
      'processing',
      'completed',
      'completed',
    ])
      expect((await setStatus(service, id, status)).body.status).toBe(status)
    expect((await download(service, id)).status).toBe(200)
  })

  it('cannot be what does not follow', async () => {
    const ways = ['pending', 'uploaded', 'processing', 'completed', 'failed']
    const follows: Record<string, string> = {
      uploaded: 'processing',
      processing: 'completed failed',
      completed: '',
    }
    const id = await uploaded()
    for (const status of ['uploaded', 'processing', 'completed']) {
      await setStatus(service, id, status)
      for (const next of ways.filter((way) => way !== status && !follows[status]?.includes(way)))
        expect(await setStatus(service, id, next)).toBeProblem(409, 'invalid-transition')
    }
    const { body } = await announce(service, fresh())
    for (const next of ['processing', 'completed', 'failed'])
      expect(await setStatus(service, body.key, next)).toBeProblem(409, 'invalid-transition')
  })

  it.each([
    ['an id that is none', { uuid: 'x', status: 'uploaded' }, 400],
    ['a status that is none', { uuid: randomUUID(), status: 'done' }, 400],
    ['an unknown id', { uuid: randomUUID(), status: 'uploaded' }, 404],
    ['no status', { uuid: randomUUID() }, 400],
  ])('cannot be set with %s', async (_case, body, status) => {
    expect(await service.api.put('/file-status').send(body)).toBeProblem(status)
  })
})
