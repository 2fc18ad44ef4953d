import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { follow, putNamed } from '../../support/named.ts'

describeService('deleteNamedFile: a name', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const remove = (bucket: string, name: string) =>
    send(service, `/file/${bucket}/${encodeURIComponent(name)}`, { method: 'DELETE' })

  it('means nothing any more once its file was deleted', async () => {
    const bucket = fresh()
    const { body } = await putNamed(service, 'a.txt', 'gone', { bucket })
    expect(await remove(bucket, 'a.txt')).toMatchObject({
      status: 200,
      body: { message: 'Deleted file successfully.' },
    })
    expect(await remove(bucket, 'a.txt')).toBeProblem(404, 'file-not-found')
    if (body.data?.location.startsWith('/'))
      expect((await follow(service, body.data.location)).status).toBe(404)
  })
})
