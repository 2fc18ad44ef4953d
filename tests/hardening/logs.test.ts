import { expect, it } from '@jest/globals'
import { filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { readAllLogs, readLines, readLog } from '../support/logs.ts'
import { sendRaw } from '../support/sendRaw.ts'
import { cutBytes } from '../support/volume.ts'

describeService('a request in the log', (service) => {
  const files = ['critical.log', 'error.log', 'warn.log', 'info.log', 'debug.log']
  const idOf = ({ headers }: { headers: Headers }) => headers.get('x-request-id') ?? ''

  /** The lines about a request, in the file that holds all levels, once the last of them is there. */
  const linesAbout = (id: string) =>
    eventually(async () => {
      const lines = (await readLog(service.logDirectory, 'debug.log')).filter(
        ({ request_id }) => request_id === id,
      )
      expect(lines.map(({ message }) => message)).toContain('Request')
      return lines
    })

  const forged = '"}\r\n{"level":"critical","message":"forged"}\r\n\u001b[2J\u2028\u0085'
  const visible = encodeURIComponent(forged)

  it.each<[string, () => Promise<{ headers: Headers }>]>([
    ['the name of a part', () => upload(service, 'a', { name: forged })],
    [
      'a field',
      () =>
        upload(service, 'b', { fields: { file_name: forged, metadata: `{"a":${JSON.stringify(forged)}}` } }),
    ],
    ['an unknown field', () => upload(service, 'c', { fields: { [forged]: forged } })],
    ['the query', () => sendRaw(service, 'PUT', `${filesPath}?file_name=${visible}`, {}, 'd')],
    ['an unknown parameter', () => sendRaw(service, 'GET', `${filesPath}?${visible}=${visible}`)],
    ['the path', () => sendRaw(service, 'GET', `/${visible}`)],
    ['an id', () => sendRaw(service, 'DELETE', `${filesPath}/${visible}`)],
    [
      'the user agent',
      () => sendRaw(service, 'GET', '/livez', { 'User-Agent': '\u0085\u009b\t"}{"level":"critical"}' }),
    ],
    [
      'the request id',
      () => sendRaw(service, 'GET', '/livez', { 'X-Request-Id': '"}\t{"level":"critical"}' }),
    ],
    [
      'the request id, which is long',
      () => sendRaw(service, 'GET', '/livez', { 'X-Request-Id': 'a'.repeat(10_000) }),
    ],
    [
      'the credentials',
      () => sendRaw(service, 'GET', '/livez', { Authorization: 'Bearer \u0085"}', 'X-Api-Key': '"}' }),
    ],
    [
      'a media type',
      () => sendRaw(service, 'PUT', filesPath, { 'Content-Type': 'a/b\t"}{"level":"critical"}' }, 'e'),
    ],
    ['an encoding', () => sendRaw(service, 'PUT', filesPath, { 'Content-Encoding': '\u0085"}{' }, 'f')],
    ['a path of 15 KiB', () => sendRaw(service, 'GET', `/${'%0a'.repeat(5000)}`)],
  ])('is one line of JSON whatever %s holds', async (_what, request) => {
    const answer = await request()
    expect(idOf(answer)).toMatch(/^[A-Za-z0-9_.:-]{1,128}$/)
    const lines = await linesAbout(idOf(answer))
    expect(lines.filter(({ message }) => message === 'Request')).toHaveLength(1)
    for (const file of files) {
      for (const line of await readLines(service.logDirectory, file)) {
        expect(JSON.parse(line)).toMatchObject({ time: expect.any(String), level: expect.any(String) })
        expect(line).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029]/)
        expect(line.length).toBeLessThan(20_000)
      }
    }
    expect(await readLog(service.logDirectory, 'critical.log')).toEqual([])
  })

  it('has the id that the client chose, or one of its own', async () => {
    const chosen = await sendRaw(service, 'GET', '/livez', { 'X-Request-Id': 'my-id:1.2_3' })
    expect(idOf(chosen)).toBe('my-id:1.2_3')
    const [line] = await linesAbout('my-id:1.2_3')
    expect(line).toMatchObject({ method: 'GET', path: '/livez', status: 200, finished: true })
    expect(line?.milliseconds).toEqual(expect.any(Number))
    const own = await Promise.all([send(service, '/livez'), send(service, '/livez')])
    expect(new Set(own.map(idOf)).size).toBe(2)
  })

  it('is kept at the level it deserves', async () => {
    const read = idOf(await send(service, '/livez'))
    const written = idOf(await upload(service, 'a file that is written'))
    const refused = idOf(await send(service, `${filesPath}/unknown`))
    const levelsOf = async (id: string) =>
      (await linesAbout(id)).map(({ message, level }) => [message, level])
    expect(await levelsOf(read)).toEqual([['Request', 'debug']])
    expect(await levelsOf(written)).toEqual([['Request', 'info']])
    expect(await levelsOf(refused)).toEqual([
      ['Request refused', 'debug'],
      ['Request', 'debug'],
    ])
    const idsIn = async (file: string) =>
      (await readLog(service.logDirectory, file)).map(({ request_id }) => request_id)
    expect(await idsIn('info.log')).toContain(written)
    expect(await idsIn('info.log')).not.toContain(read)
    expect(await idsIn('error.log')).not.toContain(written)
  })

  it('never shows a query, nor what an absolute target holds in front of the path', async () => {
    const answers = [
      await sendRaw(service, 'GET', `${filesPath}?name=canary-one`),
      await sendRaw(service, 'GET', `${filesPath}?signature=canary-two`),
      await sendRaw(service, 'GET', 'http://user:canary-three@evil.example/a?b=canary-four'),
      await sendRaw(
        service,
        'PUT',
        `${filesPath}?metadata=${encodeURIComponent('{"a":"canary-five"}')}`,
        {},
        'g',
      ),
    ]
    for (const answer of answers) {
      for (const { path } of await linesAbout(idOf(answer))) expect(path).toMatch(/^\/[a-z/]*$/)
    }
    expect(await readAllLogs(service.logDirectory)).not.toContain('canary')
  })

  it('carries its id into every line that it caused, from however deep', async () => {
    const { body } = await upload(service, 'bytes that will be gone')
    for await (const { key } of service.deps.storage.list()) await cutBytes(service, key, 1)
    const damaged = await send(service, `${filesPath}/${body.id}/content`)
    expect(damaged).toBeProblem(500, 'file-damaged')
    const lines = await linesAbout(idOf(damaged))
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      [
        'critical',
        'The bytes of a blob are damaged: upload the same bytes again, or restore them from a backup',
      ],
      ['error', 'Request failed'],
      ['debug', 'Request'],
    ])
    expect(lines[1]).toMatchObject({
      status: 500,
      error: { code: 'file-damaged', stack: expect.any(String) },
    })
  })
})
