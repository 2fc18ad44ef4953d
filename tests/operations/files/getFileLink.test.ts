import { randomUUID } from 'node:crypto'
import { beforeAll, expect, it } from '@jest/globals'
import { download, upload } from '../../support/api/files.ts'
import { follow, makeBucket } from '../../support/api/named.ts'
import { filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

const bucket = 'linked'

describeService('getFileLink: a link', (service) => {
  beforeAll(async () => {
    await makeBucket(service, bucket, { links: 'service' })
  })

  it('can be had for any file, by its hash', async () => {
    const text = freshText()
    const { file_hash } = (await upload(service, text, { fields: { bucket } })).body
    const { body, headers } = await service.api.get(
      `${filesPath}/${file_hash}/link?bucket=${bucket}&expires_in=60`,
    )
    expect((await follow(service, body.url)).body.toString()).toBe(text)
    expect(Math.abs(Date.parse(body.expires_at) - Date.now() - 60_000)).toBeLessThan(30_000)
    expect(headers['cache-control']).toBe('private, no-store')
  })

  it('of a public file by its hash is the address of its content, for as long as it is there', async () => {
    const { name } = (await makeBucket(service, `b-${randomUUID()}`, { visibility: 'public' })).body
    const { id } = (await upload(service, freshText(), { fields: { bucket: name } })).body
    const { body } = await service.api.get(`${filesPath}/${id}/link`)
    expect(body).toEqual({ url: `${filesPath}/${id}/content`, expires_at: null })
    expect((await download(service, id)).headers['cache-control']).toBe('public, max-age=300')
  })

  it.each([
    ['a file that is not there', `${'0'.repeat(64)}/link`, 404],
    ['an unknown disposition', 'x/link?disposition=show', 400],
    ['no time at all', 'x/link?expires_in=0', 400],
    ['more than seven days', 'x/link?expires_in=604801', 400],
    ['a bucket in capitals', 'x/link?bucket=Photos', 400],
    ['an unknown parameter', 'x/link?download=1', 400],
  ])('cannot be had for %s', async (_case, target, status) => {
    expect(await service.api.get(`${filesPath}/${target}`)).toBeProblem(status)
  })
})
