import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { download, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { armFailpoints } from '../support/service.ts'

// A scan of one shard at a time: the races are about the other steps, and many rounds fit into little time.
describeService('races with maintenance', { SCAN_SECONDS: '1000000' }, (service) => {
  afterEach(() => armFailpoints(''))

  const remove = async (id: string) =>
    (await send(service, `${filesPath}/${id}`, { method: 'DELETE' })).status
  const counts = async () => (await service.findEverything({ deep: false })).counts

  /** Where the two sides of a race stop for a moment, so that they meet at every place. */
  const pauses = [
    '',
    'U11=pause:20',
    'U10=pause:10',
    'U12=pause:20',
    'G1=pause:10',
    'U9=pause:10,G1=pause:5',
    'S1=pause:10',
    'S2=pause:10',
  ]

  async function race<First, Second>(first: () => Promise<First>, second: () => Promise<Second>) {
    const late = async <Result>(side: () => Promise<Result>) => {
      await sleep(randomInt(12))
      return await side()
    }
    return await Promise.all([late(first), late(second)])
  }

  describe('bytes that are uploaded again while maintenance removes them', () => {
    it.each(pauses)('come back whole, be the race slowed down at %j', async (points) => {
      const bytes = randomBytes(2000)
      for (let round = 0; round < 12; round++) {
        const first = await upload(service, bytes)
        expect(first.status).toBe(201)
        expect(await remove(first.body.id)).toBe(201)
        await armFailpoints(points)
        const query = `?duplicates=${round % 2 === 0 ? 'allow' : 'refuse'}`
        const [again] = await race(
          () => upload(service, bytes, { query }),
          () => service.maintain(),
        )
        await armFailpoints('')
        expect(again.status).toBe(201)
        expect((await download(service, again.body.id)).bytes.equals(bytes)).toBe(true)
        expect(await remove(again.body.id)).toBe(201)
      }
      expect(await service.violations()).toEqual([])
    })

    it('come back for each of several uploads, while maintenance runs twice at once', async () => {
      const bytes = randomBytes(2000)
      for (let round = 0; round < 12; round++) {
        await armFailpoints(pauses[round % pauses.length] ?? '')
        const uploads = () =>
          Promise.all([1, 2, 3].map(() => upload(service, bytes, { query: '?duplicates=allow' })))
        const [answers] = await race(uploads, () => Promise.all([service.maintain(), service.maintain()]))
        await armFailpoints('')
        for (const { status, body } of answers) {
          expect(status).toBe(201)
          expect((await download(service, body.id)).bytes.equals(bytes)).toBe(true)
        }
        expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3)
        expect(await Promise.all(answers.map(({ body }) => remove(body.id)))).toEqual([201, 201, 201])
      }
      await service.maintain()
      expect(await service.violations()).toEqual([])
      expect(await counts()).toMatchObject({
        files: 0,
        'deleted files': 0,
        blobs: 0,
        trash: 0,
        'stored keys': 0,
      })
    })
  })

  describe('one file', () => {
    it('is stored once when several send its bytes at the same moment', async () => {
      for (let round = 0; round < 12; round++) {
        await armFailpoints(pauses[round % pauses.length] ?? '')
        const bytes = randomBytes(100)
        const answers = await Promise.all([1, 2, 3, 4].map(() => upload(service, bytes)))
        await armFailpoints('')
        const stored = answers.filter(({ status }) => status === 201)
        expect(stored.length).toBe(1)
        for (const answer of answers) {
          if (answer.status === 201) continue
          expect(answer).toBeProblem(403, 'file-exists')
          expect(answer.body).toMatchObject({ file: { id: stored[0]?.body.id } })
        }
      }
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it('is stored once when several requests have its Idempotency-Key', async () => {
      for (let round = 0; round < 12; round++) {
        await armFailpoints(pauses[round % pauses.length] ?? '')
        const bytes = randomBytes(100)
        const options = { query: '?duplicates=allow', headers: { 'idempotency-key': `race-${round}` } }
        const answers = await Promise.all([1, 2, 3, 4].map(() => upload(service, bytes, options)))
        await armFailpoints('')
        const stored = answers.filter(({ status }) => status === 201)
        expect(new Set(stored.map(({ body }) => body.id)).size).toBe(1)
        for (const answer of answers) {
          if (answer.status !== 201) expect(answer).toBeProblem(409, 'idempotent-request-running')
        }
        expect((await upload(service, bytes, options)).body).toEqual(stored[0]?.body)
      }
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it('is deleted once when several delete it at the same moment', async () => {
      for (let round = 0; round < 12; round++) {
        const { body: file } = await upload(service, randomBytes(100))
        const [statuses] = await race(
          () => Promise.all([1, 2, 3].map(() => remove(file.id))),
          () => service.maintain(),
        )
        expect(statuses.sort()).toEqual([201, 404, 404])
      }
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })
  })
})
