import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createLogger, type Logger, withRequestId } from '../../src/logger.ts'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { eventually } from '../support/eventually.ts'
import { readLines, readLog } from '../support/logs.ts'
import { anyText, assertProperty } from '../support/property.ts'

let directory: string
let logger: Logger
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'upfile-logs-')), 'made', 'for', 'them')
  logger = createLogger({ level: 'info', directory, console: false })
})
afterEach(async () => {
  await logger.close()
  await rm(join(directory, '../../..'), { recursive: true })
})

const levels = ['critical', 'error', 'warn', 'info', 'debug'] as const

describe('log files', () => {
  it.each(levels.map((level, at) => [level, levels.slice(0, at + 1)] as const))(
    'called %s.log hold that level and all graver ones',
    async (level, held) => {
      for (const each of levels) logger[each](`a line of ${each}`)
      await logger.close()
      const lines = await readLog(directory, `${level}.log`)
      expect(lines.map((line) => line.level)).toEqual(held)
    },
  )

  it('hold one JSON object in each line, with its time, level, message and fields', async () => {
    logger.warn('Something happened', { path: '/a', bytes: 0, nested: { list: [1, null, ''] } })
    await logger.close()
    const [line] = await readLog(directory, 'info.log')
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'warn',
      message: 'Something happened',
      path: '/a',
      bytes: 0,
      nested: { list: [1, null, ''] },
    })
  })

  it('spell errors and their causes out', async () => {
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
    logger.error('It failed', { error: new TypeError('no answer', { cause }) })
    await logger.close()
    const [line] = await readLog(directory, 'error.log')
    expect(line?.error).toMatchObject({
      name: 'TypeError',
      message: 'no answer',
      stack: expect.stringContaining('logger.test'),
      cause: { message: 'connection refused', code: 'ECONNREFUSED' },
    })
  })

  it('let no field pass for the level, the message or the time', async () => {
    logger.debug('a message', { level: 'critical', message: 'another', time: 'never' })
    await logger.close()
    expect(await readLines(directory, 'critical.log')).toEqual([])
    expect(await readLog(directory, 'debug.log')).toMatchObject([{ level: 'debug', message: 'a message' }])
  })

  it.each([
    ['line ends', 'a\r\nb\nc\rd'],
    ['line ends of Unicode', 'a\u2028b\u2029c\u0085d\v\f'],
    ['colours of a terminal', '\u001b[31mred\u001b[0m\u009b31m\u0007\b\u007f'],
    ['a NUL', 'a\0b'],
    ['half a surrogate pair', 'a\ud800b'],
    ['JSON', '"}\n{"level":"critical","message":"forged"}'],
    ['64 KiB', 'x'.repeat(65_536)],
    ['64 KiB of line ends', '\n'.repeat(65_536)],
  ])('keep text with %s in one line of bounded length', async (_what, text) => {
    logger.info(text, { text, nested: { [text.slice(0, 100)]: [text] } })
    await logger.close()
    const lines = await readLines(directory, 'info.log')
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029]/)
    expect(lines[0]?.length).toBeLessThan(100_000)
    expect(await readLines(directory, 'critical.log')).toEqual([])
  })

  it('carry the id of the request in whose work they were written', async () => {
    const work = async (name: string) => {
      logger.info(`before ${name}`)
      await new Promise((resolve) => setTimeout(resolve, 1))
      logger.info(`after ${name}`)
    }
    await Promise.all([
      withRequestId('one', () => work('one')),
      withRequestId('two', () => work('two')),
      work('none'),
    ])
    await logger.close()
    const lines = await readLog(directory, 'info.log')
    expect(lines.map(({ message, request_id }) => [message, request_id])).toEqual([
      ['before one', 'one'],
      ['before two', 'two'],
      ['before none', undefined],
      ['after one', 'one'],
      ['after two', 'two'],
      ['after none', undefined],
    ])
  })

  it('hold the lines of requests as any others, in the order in which they were logged', async () => {
    const request = { id: 'an-id', actor: null, method: 'PUT', status: 201, milliseconds: 7, finished: true }
    const paths = ['/plain', '/"}\n{"\u2028', 'x'.repeat(5000)]
    for (const path of paths) logger.request('info', { ...request, path })
    logger.info('in between')
    logger.request('debug', { ...request, actor: 'key:abc', method: 'GET', path: '/read' })
    await logger.close()
    const requests = paths.map((path) => ({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ...{ level: 'info', message: 'Request', request_id: 'an-id', method: 'PUT', status: 201 },
      ...{ path: path.length > 4096 ? `${path.slice(0, 4096)}…` : path, milliseconds: 7, finished: true },
    }))
    const [between, read] = [
      { message: 'in between' },
      { level: 'debug', actor: 'key:abc', method: 'GET', path: '/read' },
    ]
    expect(await readLog(directory, 'info.log')).toEqual([...requests, expect.objectContaining(between)])
    expect(await readLog(directory, 'debug.log')).toMatchObject([...requests, between, read])
    expect(await readLines(directory, 'warn.log')).toEqual([])
    for (const line of await readLines(directory, 'debug.log'))
      expect(line).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029]/)
  })

  it('hold the line of a request after 100 ms, or at once when many wait', async () => {
    const request = { id: 'an-id', actor: null, method: 'PUT', status: 201, milliseconds: 7, finished: true }
    logger.request('info', { ...request, path: '/one' })
    expect(await readLines(directory, 'info.log')).toEqual([])
    await eventually(async () => expect(await readLines(directory, 'info.log')).toHaveLength(1))
    for (let number = 0; number < 100; number++)
      logger.request('info', { ...request, path: 'x'.repeat(1000) })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await readLines(directory, 'info.log')).length).toBeGreaterThan(50)
  })

  it('are at most five of 5 MiB for each level, of which none has lost or split a line', async () => {
    const text = 'x'.repeat(4000)
    const lines = 9000
    for (let number = 1; number <= lines / 2; number++) logger.debug('line', { number, text })
    await logger.close()
    logger = createLogger({ level: 'info', directory, console: false })
    for (let number = lines / 2 + 1; number <= lines; number++) {
      logger.debug('line', { number, text })
      if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await logger.close()

    const newestLast = ['debug4.log', 'debug3.log', 'debug2.log', 'debug1.log', 'debug.log']
    const files = (await readdir(directory)).filter((name) => name.startsWith('debug'))
    expect(files.sort()).toEqual(newestLast.toSorted())
    const numbers: unknown[] = []
    for (const file of newestLast) {
      expect((await stat(join(directory, file))).size).toBeLessThanOrEqual(5 * 2 ** 20)
      for (const line of await readLog(directory, file)) numbers.push(line.number)
    }
    expect(numbers.length).toBeGreaterThan((4 * 5 * 2 ** 20) / 4200)
    expect(numbers).toEqual(Array.from(numbers, (_, index) => lines - numbers.length + 1 + index))
    expect((await readdir(directory)).filter((name) => !name.startsWith('debug'))).toHaveLength(4)
  })

  it('are no reason to fail when they cannot be written', async () => {
    logger.info('before')
    await logger.close()
    await rm(directory, { recursive: true })
    logger = createLogger({ level: 'info', directory, console: false })
    await rm(directory, { recursive: true })
    logger.info('into a file that is gone')
    await logger.close()
    logger = createLogger({ level: 'info', directory, console: false })
    logger.info('after')
    await logger.close()
    expect(await readLog(directory, 'info.log')).toMatchObject([{ message: 'after' }])
  })

  it('go on beside one whose disk is full', async () => {
    await logger.close()
    await rm(join(directory, 'info.log'))
    await symlink('/dev/full', join(directory, 'info.log'))
    logger = createLogger({ level: 'info', directory, console: false })
    for (let number = 0; number < 3; number++) {
      logger.info('a line', { number })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await logger.close()
    expect(await readLog(directory, 'debug.log')).toHaveLength(3)
  })

  it('that cannot be made stop the start', async () => {
    await rm(directory, { recursive: true })
    await writeFile(directory, 'no directory')
    expect(() => createLogger({ level: 'info', directory, console: false })).toThrow(directory)
  })
})

describe('secrets in a line', () => {
  const key = newCredential('key')
  const [header, payload, proof] = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJtZSJ9', 'c2lnbmVkLWJ5LW1l']
  const jwt = `${header}.${payload}.${proof}`

  it.each([
    ['a key', key.text, `upfk_${key.id}`],
    ['the beginning of a key', key.text.slice(0, 30), `upfk_${key.id}`],
    ['a key behind a line end', `\n${key.text}\n`, `\nupfk_${key.id}\n`],
    ['a key behind its own prefix', `upfk_${key.text}`, `upfk_upfk_${key.id.slice(0, 7)}`],
    ['a key whose underscore is encoded', key.text.replace('_', '%5F'), `upfk%5F${key.id}`],
    ['a grant', `/g/${key.text.replace('upfk', 'upfg')}/files`, `/g/upfg_${key.id}/files`],
    ['a share', `/s/${key.text.replace('upfk', 'upfs')}`, `/s/upfs_${key.id}`],
    ['a JWT', `Bearer ${jwt}, "${jwt}"`, 'Bearer jwt…, "jwt…"'],
    ['a JWT behind a line end', `\t${jwt}\r\n`, '\tjwt…\r\n'],
    ['a JWT behind a word', `token_${jwt}`, 'token_jwt…'],
    ['a JWT behind a name that looks like one', `/eyJ.${jwt}`, '/jwt…'],
    ['the beginning of a JWT', `${header}.${payload.slice(0, 5)}`, 'jwt…'],
    ['an encrypted JWT', `${header}..iv.text.tag`, 'jwt…'],
    ['a signature', 'https://h/a?signature=c2ln-_%3D&by=key', 'https://h/a?signature=&by=key'],
    ['a signature for S3', 'X-Amz-Signature=0af1 "Signature=0af1"', 'X-Amz-Signature= "Signature="'],
    ['an encoded signature', '?to=%3Fsignature%3Dc2ln', '?to=%3Fsignature%3D'],
  ])('are cut: %s', async (_what, text, cut) => {
    const error = new Error(text, { cause: [new Error(text)] })
    logger.error(text, { text, nested: [{ [text]: { text } }], error })
    logger.request('info', {
      id: text,
      actor: null,
      method: 'GET',
      path: text,
      status: 200,
      milliseconds: 0,
      finished: true,
    })
    logger.forward(`${JSON.stringify({ text })}\n`)
    await logger.close()
    const [line, request, forwarded] = await readLog(directory, 'info.log')
    expect(line).toMatchObject({ message: cut, text: cut, nested: [{ [cut]: { text: cut } }] })
    expect(line?.error).toMatchObject({ message: cut, cause: [{ message: cut }] })
    expect(request).toMatchObject({ request_id: cut, path: cut })
    expect(forwarded).toMatchObject({ text: cut })
    for (const secret of [key.text.slice(17), payload, proof, 'c2ln', '0af1'])
      expect((await readLines(directory, 'info.log')).join('')).not.toContain(secret)
  })

  it.each([
    'the signature of a link is missing',
    '/assets/monkeyJar.min.js',
    '/eyJhbGciOiJIUzI1NiJ9',
    'upfile upf_x upfk',
    'eyJ',
  ])('are no reason to cut %s', async (text) => {
    logger.error(text, { text })
    await logger.close()
    expect(await readLog(directory, 'info.log')).toMatchObject([{ message: text, text }])
  })

  it('are cut in any text, and leave one JSON object', async () => {
    const texts = fc.tuple(anyText(), fc.constantFrom(key.text, jwt, `signature=${proof}`), anyText())
    const check = async ([before, secret, after]: [string, string, string]) => {
      logger.error(before, { [`${before}${secret}${after}`]: `${before}${secret}${after}` })
    }
    await assertProperty(texts, check, { numRuns: 500, seconds: 10 })
    await logger.close()
    expect((await readLog(directory, 'info.log')).length).toBeGreaterThan(0)
    const said = (await readLines(directory, 'info.log')).join('')
    expect([key.text.slice(17), payload, proof].filter((secret) => said.includes(secret))).toEqual([])
  })
})
