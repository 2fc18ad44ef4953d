import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { download, filesPath, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { assertProperty } from '../support/property.ts'
import { openRaw } from '../support/rawRequest.ts'

/** Bytes are kept and read in blocks of 1 MiB. */
const block = 2 ** 20
const contents = [0, 1, 7, block - 1, block, block + 1, 2 * block, 3 * block + 5].map((size) =>
  randomBytes(size),
)

describeService('ranges', (service) => {
  let oracle: Oracle
  const ids = new Map<Buffer, string>()
  beforeAll(async () => {
    oracle = watchService(service)
    for (const content of contents) ids.set(content, (await upload(service, content)).body.id)
  })
  afterAll(() => oracle.expectUnharmed())
  afterAll(async () => {
    oracle.stop()
  })

  interface Asked {
    readonly content: Buffer
    readonly first: number | undefined
    readonly last: number | undefined
  }

  const near = (...places: readonly number[]) =>
    fc.oneof(
      fc.nat(4 * block),
      fc
        .tuple(fc.constantFrom(...places), fc.integer({ min: -2, max: 2 }))
        .map(([at, by]) => Math.max(0, at + by)),
      fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63),
    )
  const asked: fc.Arbitrary<Asked> = fc.constantFrom(...contents).chain((content) => {
    const position = near(0, block, 2 * block, content.length)
    return fc.record({
      content: fc.constant(content),
      first: fc.option(position, { nil: undefined }),
      last: fc.option(position, { nil: undefined }),
    })
  })

  const header = ({ first, last }: Asked) => `bytes=${toDigits(first)}-${toDigits(last)}`
  const toDigits = (position: number | undefined) =>
    position === undefined ? '' : BigInt(position).toString()

  /** What RFC 9110, 14.1.2, gives for it: the whole content for what means nothing, undefined for what cannot be. */
  function expected({ content, first, last }: Asked): { status: number; bytes: Buffer } | undefined {
    const whole = { status: 200, bytes: content }
    if (first === undefined && last === undefined) return whole
    if (first === undefined) {
      const bytes = content.subarray(-Math.min(last ?? 0, content.length))
      return last === 0 || content.length === 0 ? undefined : { status: 206, bytes }
    }
    if (last !== undefined && last < first) return whole
    return first < content.length
      ? { status: 206, bytes: content.subarray(first, last === undefined ? undefined : last + 1) }
      : undefined
  }

  describe('A range of a file of any size', () => {
    it('holds the bytes of the slice it names', async () => {
      await assertProperty(
        asked,
        async (question) => {
          const answer = await download(service, ids.get(question.content) ?? '', {
            headers: { Range: header(question) },
          })
          const wanted = expected(question)
          if (!wanted) {
            expect(answer).toBeProblem(416, 'range-not-satisfiable')
            expect(answer.headers.get('content-range')).toBe(`bytes */${question.content.length}`)
            return
          }
          expect(answer.status).toBe(wanted.status)
          expect(answer.bytes.equals(wanted.bytes)).toBe(true)
        },
        { numRuns: 150, seconds: 15 },
      )
    })

    it('is the same when many are asked for at once on one connection', async () => {
      const satisfiable = asked.filter((question) => expected(question) !== undefined)
      await assertProperty(
        fc.array(satisfiable, { minLength: 2, maxLength: 6 }),
        async (questions) => {
          const connection = await openRaw(service)
          const requests = questions.map((question) => {
            const path = `${filesPath}/${ids.get(question.content)}/content`
            return `GET ${path} HTTP/1.1\r\nHost: x\r\nRange: ${header(question)}\r\n\r\n`
          })
          await connection.write(requests.join(''))
          for (const question of questions) {
            const { bytes } = await connection.answer()
            expect(bytes.equals(expected(question)?.bytes ?? Buffer.alloc(0))).toBe(true)
          }
          connection.destroy()
        },
        { numRuns: 15, seconds: 15 },
      )
    })
  })

  describe('A Range that asks for a lot', () => {
    const content = contents.at(-1) ?? Buffer.alloc(0)

    it.each([
      ['1,000 ranges', Array.from({ length: 1000 }, (_, at) => `${at}-${at}`).join(',')],
      ['ranges that overlap', '0-100,50-150,0-'],
      ['the first byte and the last', '0-0,-1'],
      ['a range the wrong way round', '9-1'],
      ['numbers of 5,000 digits', `${'9'.repeat(5000)}-${'9'.repeat(5000)}`],
      ['15,000 commas', ','.repeat(15_000)],
      ['15,000 dashes', '-'.repeat(15_000)],
      ['a number and 15,000 blanks', `1-2${' '.repeat(15_000)}x`],
    ])('gets the whole file once: %s', async (_name, ranges) => {
      const answer = await download(service, ids.get(content) ?? '', {
        headers: { Range: `bytes=${ranges}` },
      })
      expect(answer.status).toBe(200)
      expect(answer.bytes.equals(content)).toBe(true)
      await oracle.expectAlive()
    })

    it.each([
      ['2^63 and on', '9223372036854775808-'],
      ['a suffix of nothing', '-0'],
      ['what is behind the end', `${content.length}-`],
    ])('gets 416 for %s', async (_name, ranges) => {
      const answer = await download(service, ids.get(content) ?? '', {
        headers: { Range: `bytes=${ranges}` },
      })
      expect(answer).toBeProblem(416, 'range-not-satisfiable')
    })
  })
})
