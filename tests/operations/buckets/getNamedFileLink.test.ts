import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { deleteNamed, follow, namedLink, putNamed } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('getNamedFileLink: a name', (service) => {
  it('is answered with a link to its file, which no cache may keep', async () => {
    const bucket = `b-${randomUUID()}`
    await putNamed(service, 'a b.txt', 'hello', { bucket })
    const { headers, body } = await namedLink(service, bucket, 'a b.txt').expect(200)
    expect(headers['cache-control']).toContain('no-store')
    const answer = await follow(service, body.data.location)
    expect([answer.status, answer.body.toString()]).toEqual([200, 'hello'])
  })

  it.each([
    ['that no file has', 'default', 'nothing.txt', 404],
    ['in a bucket that is not there', 'nowhere', 'a.txt', 404],
    ['with U+0000', 'default', 'a\0.txt', 404],
    ['in a bucket whose name is none', 'NO', 'a.txt', 400],
  ])('%s leads nowhere', async (_case, bucket, name, status) => {
    expect(await namedLink(service, bucket, name)).toBeProblem(status)
    expect(await deleteNamed(service, bucket, name)).toBeProblem(status)
  })

  it.each(['?expires_in=0', '?expires_in=soon', '?disposition=show', '?download=1'])(
    'is refused with %s',
    async (query) => {
      expect(await namedLink(service, 'default', 'a.txt', query)).toBeProblem(400)
    },
  )
})
