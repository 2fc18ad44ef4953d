import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { oddRequests } from '../hardening/framingCorpus.ts'
import { download, type FileBody, filesPath, freshText, putRaw, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { type Arrivals, countArrivals } from '../support/hops.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { walk } from '../support/pages.ts'
import { readAnswer } from '../support/rawAnswer.ts'
import { openRaw, rawRequest } from '../support/rawRequest.ts'
import { type ReverseProxy, startReverseProxy } from '../support/reverseProxy.ts'
import { proxyKinds } from '../support/reverseProxyConfigs.ts'
import { sendRaw } from '../support/sendRaw.ts'
import { type StartedService, startService } from '../support/service.ts'
import { smugglingAttempts } from './smugglingCorpus.ts'

/** The id of the file to be deleted, before it is known; as long as any id, because lengths are made from it. */
const placeholder = '00000000-0000-4000-8000-000000000000'
const deletion = `DELETE ${filesPath}/${placeholder} HTTP/1.1\r\nHost: x\r\n\r\n`
const attempts = smugglingAttempts(deletion).map(({ name, text }) => ({ name: `a deletion ${name}`, text }))

describe.each(proxyKinds)('Behind $name', (kind) => {
  let service: StartedService
  let arrivals: Arrivals
  let proxy: ReverseProxy
  let oracle: Oracle
  let file: FileBody
  const content = freshText()
  beforeAll(async () => {
    service = await startService({ AUTH: 'off', TRUSTED_PROXIES: '1', ALLOWED_HOSTS: 'files.example' })
    arrivals = countArrivals(service)
    proxy = await startReverseProxy(kind, service)
    oracle = watchService({ ...service, port: proxy.port })
    file = (await upload(proxy, content)).body
  })
  afterAll(async () => {
    oracle?.stop()
    await proxy?.stop()
    await service?.stop()
  })

  let hops: readonly string[]
  let before = { forwarded: 0, arrived: 0 }
  const count = async () => {
    hops = await proxy.forwarded()
    return { forwarded: hops.length, arrived: arrivals.requests.length + arrivals.malformed.length }
  }
  beforeEach(() => oracle.expectAlive())
  // Both hops count the same requests after every test, and the proxy knows each by name.
  afterEach(async () => {
    try {
      await eventually(async () => {
        const now = await count()
        expect(now.arrived - before.arrived).toBe(now.forwarded - before.forwarded)
      })
      const arrived = arrivals.requests.map((request) => request.hops.join(' and '))
      expect(arrived.filter((hop) => !hops.includes(hop))).toEqual([])
      expect(new Set(arrived).size).toBe(arrived.length)
    } finally {
      before = await count()
    }
  })

  const request = (id: string) =>
    `GET ${filesPath}/${file.id}/content HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`

  /** Sends it with an honest request behind it, and takes what comes back until the proxy ends the connection. */
  async function sendFollowed(text: string): Promise<Buffer> {
    const connection = await openRaw(proxy, text + request('behind'))
    const everything = connection.rest()
    // A proxy that waits for the rest of a body hears that there is none.
    if ((await Promise.race([everything, sleep(300, 'silence')])) === 'silence') connection.end()
    return everything.finally(() => connection.destroy())
  }

  it.each([...oddRequests, ...attempts])('$name does not part the hops', async ({ text }) => {
    const bytes = await sendFollowed(text.replaceAll(placeholder, file.id))
    expect([undefined, `200 ${content}`]).toContain(findAnswer(bytes, 'behind'))
    for (const id of ['next', 'after-next']) {
      const { status, headers, bytes } = await rawRequest(proxy, request(id))
      expect([status, headers.get('x-request-id'), bytes.toString()]).toEqual([200, id, content])
    }
    expect(arrivals.requests.filter(({ method }) => method === 'DELETE')).toEqual([])
  })

  it('no more files are there than the proxy asked for, and connections were shared', async () => {
    const created = arrivals.requests.filter(({ status }) => status === 201)
    let files = 0
    for await (const page of walk(proxy, '')) files += page.length
    expect(files).toBe(created.length)
    expect(arrivals.connections).toBeLessThan(arrivals.requests.length / 2)
    await oracle.expectUnharmed()
  })

  it.each([
    ['a form', (bytes: Buffer) => upload(proxy, bytes)],
    ['a body', (bytes: Buffer) => putRaw(proxy, bytes)],
  ])('%s of 3 MB comes back byte for byte, whole and in part', async (_name, store) => {
    const bytes = randomBytes(3_000_000)
    const stored = await store(bytes)
    expect(stored.status).toBe(201)
    const whole = await download(proxy, stored.body.id)
    expect(whole.bytes.equals(bytes)).toBe(true)
    const part = await download(proxy, stored.body.id, { headers: { Range: 'bytes=1000000-2499999' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 1000000-2499999/3000000'])
    expect(part.bytes.equals(bytes.subarray(1_000_000, 2_500_000))).toBe(true)
  })

  it.each([
    ['nothing', {}],
    ['another host', { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' }],
    [
      'another host twice',
      { 'X-Forwarded-Host': 'evil.example, evil.example', Forwarded: 'host=evil.example' },
    ],
    ['that they are for this hop only', { Connection: 'close, X-Forwarded-Host, X-Forwarded-Proto' }],
  ])('addresses are those of the proxy when the client says %s', async (_name, said) => {
    const headers = { Host: 'files.example:8080', ...said }
    const found = await sendRaw(proxy, 'GET', `${filesPath}/${file.id}`, headers)
    const { content_url } = found.body as FileBody
    expect(content_url).toBe(`http://files.example:8080${filesPath}/${file.id}/content`)
  })
})

/** Status and content of the answer with this X-Request-Id, if there is one. */
function findAnswer(bytes: Buffer, id: string): string | undefined {
  const text = bytes.toString('latin1').toLowerCase()
  const at = text.indexOf(`x-request-id: ${id}\r\n`)
  if (at < 0) return undefined
  const found = readAnswer(bytes.subarray(text.lastIndexOf('http/1.1 ', at)), 'GET')
  return `${found?.answer.status} ${found?.answer.bytes}`
}
