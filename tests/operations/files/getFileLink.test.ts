import { randomUUID } from 'node:crypto'
import { beforeAll, expect, it } from '@jest/globals'
import { download, filesPath, freshText, send, upload } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { follow, makeBucket } from '../../support/named.ts'

const secrets = ['a secret of thirty-two characters.', 'the one before also is long enough..'] as const
const bucket = 'linked'

describeService('getFileLink: a link', { LINK_SECRETS: secrets.join() }, (service) => {
  beforeAll(async () => {
    await makeBucket(service, bucket, { links: 'service' })
  })

  it('can be had for any file, by its hash', async () => {
    const text = freshText()
    const { file_hash } = (await upload(service, text, { fields: { bucket } })).body
    const { body, headers } = await send<{ url: string; expires_at: string }>(
      service,
      `${filesPath}/${file_hash}/link?bucket=${bucket}&expires_in=60`,
    )
    expect((await follow(service, body.url)).bytes.toString()).toBe(text)
    expect(Math.abs(Date.parse(body.expires_at) - Date.now() - 60_000)).toBeLessThan(30_000)
    expect(headers.get('cache-control')).toBe('private, no-store')
  })

  it('of a public file by its hash is the address of its content, for as long as it is there', async () => {
    const { name } = (await makeBucket(service, `b-${randomUUID()}`, { visibility: 'public' })).body
    const { id } = (await upload(service, freshText(), { fields: { bucket: name } })).body
    const { body } = await send(service, `${filesPath}/${id}/link`)
    expect(body).toEqual({ url: `${filesPath}/${id}/content`, expires_at: null })
    expect((await download(service, id)).headers.get('cache-control')).toBe('public, max-age=300')
  })
})
