import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation } from '../support/childService.ts'
import { download, type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { uploadHeadersOnly } from '../support/headersOnly.ts'
import { armFailpoints } from '../support/service.ts'
import { openUnfinished, unfinished } from '../support/volume.ts'

/** Copied to a thread that writes it; written by a thread out of the block that it lies in; written block by block. */
const sizes = { small: 2000, block: 700_001, large: 1_700_000 }

const steps = [
  ['opening the file', 'U2'],
  ['a write', 'U3'],
  ['fsync', 'U5'],
  ['close', 'U6'],
  ['rename', 'U7'],
  ['fsync of the directory', 'U8'],
] as const

const failures = [
  ['ENOSPC', 507, 'storage-full'],
  ['EDQUOT', 507, 'storage-full'],
  ['EIO', 503, 'storage-unavailable'],
  ['EMFILE', 503, 'storage-unavailable'],
  ['EROFS', 503, 'storage-unavailable'],
  ['EACCES', 503, 'storage-unavailable'],
  ['ENOENT', 503, 'storage-unavailable'],
] as const

describeService('a disk that fails', (service) => {
  let kept: FileBody
  const keptBytes = randomBytes(2_500_000)

  beforeAll(async () => {
    kept = (await upload(service, keptBytes)).body
  })
  afterEach(() => armFailpoints(''))

  const fresh = (size: number) => Buffer.concat([randomBytes(64), Buffer.alloc(size - 64, 'x')])
  const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  describe('an upload when the disk fails', () => {
    const cases = (['small', 'block', 'large'] as const).flatMap((size) =>
      steps.map(([step, point]) => [size, step, point] as const),
    )

    it.each(cases)(
      'is refused (%s file, %s), leaves nothing, and succeeds when sent again',
      async (size, _step, point) => {
        for (const [code, status, problem] of failures) {
          const bytes = fresh(sizes[size])
          let refusals = 0
          // Once at each pass of the step, until an upload gets through: every write fails in its turn.
          for (let pass = 1; pass <= 50; pass++) {
            await armFailpoints(`${point}=${code}@${pass}`)
            const answer = await upload(service, bytes)
            await armFailpoints('')
            if (answer.status === 201) break
            refusals += 1
            expect(answer).toBeProblem(status, problem)
            expect(answer.headers.has('retry-after')).toBe(status === 503)
            expect(await send(service, `${filesPath}/${hashOf(bytes)}`)).toBeProblem(404)
            expect(await openUnfinished(service)).toEqual([])
          }
          expect(refusals).toBeGreaterThan(point === 'U3' && size !== 'small' ? 1 : 0)
          expect((await download(service, hashOf(bytes))).bytes.equals(bytes)).toBe(true)
          expect((await download(service, kept.id)).bytes.equals(keptBytes)).toBe(true)
        }
        await service.maintain()
        expect(await unfinished(service)).toEqual([])
        expect(await service.violations()).toEqual([])
      },
    )
  })

  describe('a volume after an error', () => {
    const distrusted = [
      ['small', 'fsync', 'U5', 'EIO'],
      ['small', 'close', 'U6', 'EDQUOT'],
      ['small', 'fsync of the directory', 'U8', 'EIO'],
      ['small', 'a write', 'U3', 'EIO'],
      ['block', 'fsync', 'U5', 'ENOSPC'],
      ['block', 'a write', 'U3', 'EIO'],
      ['large', 'fsync', 'U5', 'ENOSPC'],
      ['large', 'close', 'U6', 'EIO'],
      ['large', 'fsync of the directory', 'U8', 'EIO'],
      ['large', 'a write', 'U3', 'EIO'],
    ] as const

    it.each(distrusted)(
      'takes no byte until it has proven itself (%s file, %s)',
      async (size, _step, point, code) => {
        await armFailpoints(`${point}=${code}@1`)
        expect((await putRaw(service, fresh(sizes[size]))).status).toBeGreaterThanOrEqual(500)
        await armFailpoints('U5=EIO') // now the self-check fails as well
        expect(await uploadHeadersOnly(service)).toBeProblem(503, 'storage-unavailable')
        expect((await send(service, '/readyz')).status).toBe(503)
        expect((await download(service, kept.id)).bytes.equals(keptBytes)).toBe(true)
        expect((await send(service, filesPath)).status).toBe(200)

        await armFailpoints('')
        expect((await upload(service, freshText())).status).toBe(201)
        expect((await send(service, '/readyz')).status).toBe(200)
      },
    )

    it.each([
      ['large', 'opening the file', 'U2=EIO'],
      ['large', 'a write for which there is no room', 'U3=ENOSPC'],
      ['block', 'a write for which there is no room', 'U3=ENOSPC'],
      ['large', 'rename', 'U7=EIO'],
    ] as const)(
      'is still trusted when of a %s file it was %s that failed',
      async (size, _step, failpoints) => {
        await armFailpoints(failpoints)
        expect((await putRaw(service, fresh(sizes[size]))).status).toBeGreaterThanOrEqual(500)
        await armFailpoints('U5=EIO')
        expect(await uploadHeadersOnly(service, { patience: 500 })).toBe('waits for the body')
      },
    )
  })

  describe('a download when the disk fails', () => {
    it.each(['EIO', 'EMFILE', 'EACCES'])('is refused before its first byte (%s)', async (code) => {
      for (const pass of [1, 2]) {
        await armFailpoints(`READ=${code}@${pass}`)
        const answer = await download(service, kept.id)
        expect(answer).toBeProblem(503, 'storage-unavailable')
        expect(answer.headers.has('etag')).toBe(false)
      }
      await armFailpoints('')
      expect((await download(service, kept.id)).bytes.equals(keptBytes)).toBe(true)
    })

    it.each([3, 4])('is cut short, never ended cleanly, at read %d', async (pass) => {
      await armFailpoints(`READ=EIO@${pass}`)
      await expect(download(service, kept.id)).rejects.toThrow()
      await armFailpoints('')
      expect((await download(service, kept.id)).bytes.equals(keptBytes)).toBe(true)
      expect(await service.violations()).toEqual([])
    })
  })

  describe('a volume that refuses direct writes', () => {
    it.each([
      ['large files', 'U3=EINVAL@2', [4_000_001, 2 ** 21]],
      ['files of one block', 'U3=EINVAL@1', [700_001, 2 ** 20]],
    ])('stores %s whole, and is asked once', async (_kind, failpoints, lengths) => {
      await armFailpoints(failpoints)
      for (const size of lengths) {
        const bytes = fresh(size)
        const { status, body } = await putRaw(service, bytes)
        expect(status).toBe(201)
        expect((await download(service, body.id)).bytes.equals(bytes)).toBe(true)
      }
      await armFailpoints('U3=EINVAL') // no other write may fail with this
      expect(await putRaw(service, fresh(lengths[0] ?? 0))).toBeProblem(503, 'storage-unavailable')
      await armFailpoints('')
      expect(await service.violations()).toEqual([])
    })
  })

  describe('a process that gets no thread', () => {
    it('refuses each small file, and takes the large ones', async () => {
      const installation = await createInstallation({ postgres: 'shared' })
      try {
        await mkdir(join(installation.dataDirectory, 'volume')) // Node does not let such a process sync a new directory
        const allowed = '--permission --allow-fs-read=* --allow-fs-write=* --allow-child-process'
        const threadless = await installation.start({ NODE_OPTIONS: allowed })
        for (let count = 0; count < 3; count++) {
          const answers = await Promise.all([0, 1, 2].map(() => putRaw(threadless, fresh(sizes.small))))
          for (const answer of answers) expect(answer).toBeProblem(503, 'storage-unavailable')
        }
        expect((await putRaw(threadless, fresh(sizes.large))).status).toBe(201)
      } finally {
        await installation.remove()
      }
    })
  })
})
