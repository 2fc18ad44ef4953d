import { randomUUID } from 'node:crypto'
import { beforeAll, expect, it } from '@jest/globals'
import { deleteNamed, follow, makeBucket, namedLink, putNamed } from '../../support/api/named.ts'
import { freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

const bucket = 'linked'

describeService('readLink: a link', (service) => {
  beforeAll(async () => {
    await makeBucket(service, bucket, { links: 'service' })
  })

  /** A link of the service to a new file, and the file. */
  async function linked() {
    const name = `${randomUUID()}.txt`
    const text = freshText()
    await putNamed(service, name, text, { bucket })
    const { body } = await namedLink(service, bucket, name).expect(200)
    const link: string = body.data.location
    return { name, text, link }
  }

  it('is for GET and HEAD, whole and in part', async () => {
    const { link, text } = await linked()
    const [whole, part, head] = [
      await service.api.get(link),
      await service.api.get(link).set('Range', 'bytes=0-3'),
      await service.api.head(link),
    ]
    expect([whole.status, whole.body.toString()]).toEqual([200, text])
    expect([part.status, part.body.toString()]).toEqual([206, text.slice(0, 4)])
    expect([head.status, head.headers['content-length']]).toEqual([200, String(text.length)])
    expect(whole.headers['referrer-policy']).toBe('no-referrer')
    // A page of another site may show a file by its link, as with links straight to S3.
    expect(whole.headers['cross-origin-resource-policy']).toBe('cross-origin')
  })

  it.each(['put', 'post', 'patch', 'delete'] as const)('is for no %s', async (method) => {
    const { link } = await linked()
    await service.api[method](link).expect(405)
    await service.api.get(link).expect(200)
  })

  it('leads nowhere at once when its file is deleted', async () => {
    const { link, name } = await linked()
    await deleteNamed(service, bucket, name)
    expect(await follow(service, link)).toBeProblem(404, 'file-not-found')
  })

  it.each([
    ['without its signature', (link: string) => link.replace(/&signature=.*/, ''), 403],
    ['of another file', (link: string) => link.replace(/links\/[^/]+/, `links/${randomUUID()}`), 403],
    ['with another parameter', (link: string) => `${link}&x=1`, 403],
  ])('%s is refused', async (_case, change, status) => {
    const { link } = await linked()
    expect(await service.api.get(change(link))).toBeProblem(status)
  })
})
