import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { namedLink } from '../../support/named.ts'

describeService('getNamedFileLink: a name', (service) => {
  const remove = (bucket: string, name: string) =>
    send(service, `/file/${bucket}/${encodeURIComponent(name)}`, { method: 'DELETE' })
  it.each([
    ['that no file has', 'default', 'nothing.txt', 404],
    ['in a bucket that is not there', 'nowhere', 'a.txt', 404],
    ['with U+0000', 'default', 'a\0.txt', 404],
    ['in a bucket whose name is none', 'NO', 'a.txt', 400],
  ])('%s leads nowhere', async (_case, bucket, name, status) => {
    expect(await namedLink(service, bucket, name)).toBeProblem(status)
    expect(await remove(bucket, name)).toBeProblem(status)
  })
})
