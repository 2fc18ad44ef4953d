import { randomUUID } from 'node:crypto'
import { beforeAll, expect, it } from '@jest/globals'
import { freshText, send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { follow, makeBucket, namedLink, putNamed } from '../../support/named.ts'
import { sendRaw } from '../../support/sendRaw.ts'

const secrets = ['a secret of thirty-two characters.', 'the one before also is long enough..'] as const
const bucket = 'linked'

describeService('readLink: a link', { LINK_SECRETS: secrets.join() }, (service) => {
  beforeAll(async () => {
    await makeBucket(service, bucket, { links: 'service' })
  })

  /** A link of the service to a new file, and the file. */
  async function linked(query = '') {
    const name = `${randomUUID()}.txt`
    const text = freshText()
    await putNamed(service, name, text, { bucket })
    const { body } = await namedLink(service, bucket, name, query)
    return { name, text, link: body.data?.location ?? '' }
  }
  it('is for GET and HEAD, whole and in part', async () => {
    const { link, text } = await linked()
    const [whole, part, head] = [
      await follow(service, link),
      await follow(service, link, { headers: { range: 'bytes=0-3' } }),
      await follow(service, link, { method: 'HEAD' }),
    ]
    expect([whole.status, whole.bytes.toString()]).toEqual([200, text])
    expect([part.status, part.bytes.toString()]).toEqual([206, text.slice(0, 4)])
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(text.length)])
    expect(whole.headers.get('referrer-policy')).toBe('no-referrer')
    // A page of another site shows what it has a link to, as with links straight to S3.
    expect(whole.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
  })

  it.each(['PUT', 'POST', 'PATCH', 'DELETE'])('is for no %s', async (method) => {
    const { link } = await linked()
    expect((await sendRaw(service, method, link)).status).toBe(405)
    expect((await follow(service, link)).status).toBe(200)
  })

  it('leads nowhere at once when its file is deleted', async () => {
    const { link, name } = await linked()
    await send(service, `/file/${bucket}/${name}`, { method: 'DELETE' })
    expect(await follow(service, link)).toBeProblem(404, 'file-not-found')
  })
})
