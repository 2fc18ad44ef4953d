import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { deleteNamed, follow, putNamed } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('deleteNamedFile: a name', (service) => {
  it('means nothing any more once its file was deleted', async () => {
    const bucket = `b-${randomUUID()}`
    const { body } = await putNamed(service, 'a.txt', 'gone', { bucket })
    expect(await deleteNamed(service, bucket, 'a.txt')).toMatchObject({
      status: 200,
      body: { message: 'Deleted file successfully.' },
    })
    expect(await deleteNamed(service, bucket, 'a.txt')).toBeProblem(404, 'file-not-found')
    if (body.data.location.startsWith('/')) await follow(service, body.data.location).expect(404)
  })

  it.each([
    ['that no file has', 'default', 404],
    ['in a bucket that is not there', 'nowhere', 404],
    ['in a bucket whose name is none', 'NO', 400],
  ])('%s is refused', async (_case, bucket, status) => {
    expect(await deleteNamed(service, bucket, 'nothing.txt')).toBeProblem(status)
  })
})
