import { createHash, randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'

describeService('the digests of a large file', (service) => {
  const digest = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes)
  const digestsOf = (bytes: Buffer) => ({
    file_size: bytes.length,
    file_hash: digest('sha256', bytes).digest('hex'),
    file_sha1: digest('sha1', bytes).digest('hex'),
    file_md5: digest('md5', bytes).digest('hex'),
  })

  const put = (bytes: Buffer, headers: Readonly<Record<string, string>> = {}) =>
    send<FileBody>(service, filesPath, { method: 'PUT', body: new Uint8Array(bytes), headers })

  /** Sizes around the largest piece digested in one call, and around the piece that a thread gets at once. */
  const sizes = [2 ** 16, 2 ** 18, 2 ** 19].flatMap((size) => [size - 1, size, size + 1])
  it.each([...sizes, 5_000_003])('are those of its %i bytes', async (size) => {
    const raw = randomBytes(size)
    expect((await put(raw)).body).toMatchObject(digestsOf(raw))
    const inForm = randomBytes(size)
    expect((await upload(service, inForm)).body).toMatchObject(digestsOf(inForm))
  })

  it('are not mixed up with those of others that come at the same time', async () => {
    const files = Array.from({ length: 12 }, (_, index) => randomBytes(300_000 + index * 100_000))
    const answers = await Promise.all(files.map((bytes) => put(bytes)))
    for (const [index, { body }] of answers.entries())
      expect(body).toMatchObject(digestsOf(files[index] ?? Buffer.alloc(0)))
  })

  it('include SHA-512 when the client sends one', async () => {
    const bytes = randomBytes(700_000)
    const field = (of: Buffer) => `sha-512=:${digest('sha512', of).digest('base64')}:`
    expect(await put(bytes, { 'Content-Digest': field(randomBytes(9)) })).toBeProblem(422, 'digest-mismatch')
    expect((await put(bytes, { 'Content-Digest': field(bytes) })).status).toBe(201)
  })
})
