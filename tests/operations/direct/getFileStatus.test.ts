import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, getStatus, sendDirect, setStatus } from '../../support/api/direct.ts'
import { upload } from '../../support/api/files.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

describeService('getFileStatus: the status of a file', { UPLOAD_EXPIRATION: '3600' }, (service) => {
  const fresh = () => gif(randomUUID())
  /** A file that was announced and came. */
  async function uploaded() {
    const bytes = fresh()
    const { body } = await announce(service, bytes)
    await sendDirect(service, body, bytes)
    await setStatus(service, body.key, 'uploaded')
    return body.key
  }

  it('of a file that came in another way is completed', async () => {
    const { id } = (await upload(service, randomUUID())).body
    expect((await getStatus(service, id)).body).toMatchObject({
      uuid: id,
      status: 'completed',
      type: 'text/plain',
    })
    expect(await setStatus(service, id, 'pending')).toBeProblem(409, 'invalid-transition')
  })

  it('is told no more once the file is deleted', async () => {
    const id = await uploaded()
    await service.api.delete(`${filesPath}/${id}`)
    expect(await getStatus(service, id)).toBeProblem(404, 'file-not-found')
    expect(await setStatus(service, id, 'processing')).toBeProblem(404, 'file-not-found')
    await service.maintain()
    const left = await service.deps.db.selectFrom('uploads').select('id').where('id', '=', id).execute()
    expect(left).toEqual([])
  })
})
