import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createDigestThreads } from '../../src/digests/digestThreads.ts'

/** The same bytes in shared memory. */
function share(bytes: Buffer) {
  const shared = Buffer.from(new SharedArrayBuffer(bytes.length))
  bytes.copy(shared)
  return shared
}

describe('A thread that digests', () => {
  const digest = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes)
  it('computes the same digests as the event loop, of several files at once', async () => {
    const threads = createDigestThreads()
    const files = Array.from({ length: 4 }, () => randomBytes(400_000))
    const of = async (bytes: Buffer) => {
      const shared = share(bytes)
      const opened = threads.open(['sha1', 'md5'])
      let offset = 0
      for (; offset < bytes.length - 70_001; offset += 70_001)
        await opened?.update(shared.subarray(offset, offset + 70_001))
      const digests = await opened?.finish(shared.subarray(offset))
      opened?.close()
      opened?.close()
      return digests?.map((each) => each.toString('hex'))
    }
    const expected = files.map((bytes) => ['sha1', 'md5'].map((name) => digest(name, bytes).digest('hex')))
    expect(await Promise.all(files.map(of))).toEqual(expected)
    expect(await Promise.all(files.map(of))).toEqual(expected)
    await threads.close()
  })

  it('fails the files it had when it is lost, and another takes the next', async () => {
    const threads = createDigestThreads()
    const bytes = randomBytes(3_000_000)
    const shared = share(bytes)
    const lost = threads.open(['md5'])
    await lost?.update(shared)
    const waiting = expect(lost?.update(shared)).rejects.toMatchObject({ code: 'storage-unavailable' })
    await threads.close()
    await waiting
    await expect(lost?.finish(shared)).rejects.toMatchObject({ code: 'storage-unavailable' })
    await expect(lost?.update(shared)).rejects.toMatchObject({ code: 'storage-unavailable' })
    const next = threads.open(['md5', 'sha1'])
    const digests = await next?.finish(shared)
    expect(digests?.map((each) => each.toString('hex'))).toEqual([
      digest('md5', bytes).digest('hex'),
      digest('sha1', bytes).digest('hex'),
    ])
    next?.close()
    await threads.close()
  })
})
