import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import { type Answer, download, filesPath, freshText, putRaw } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import type { TestService } from '../support/service.ts'

let behind: ServiceBehindProxy
let service: TestService
beforeAll(async () => {
  behind = await startServiceBehindProxy()
  service = behind.service
})
afterAll(() => behind.stop())

interface Sent {
  readonly key: string
  readonly text: string
}

const fresh = (): Sent => ({ key: randomUUID(), text: freshText() })
const query = '?file_name=file.txt&duplicates=allow'

const store = ({ key, text }: Sent) =>
  putRaw(service, text, { query, headers: { 'idempotency-key': key, 'content-type': 'text/plain' } })

const isReplay = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true'

const filesWith = async (text: string) => {
  const hash = createHash('sha256').update(text).digest('hex')
  const found = await behind.query(
    "select from files join blobs b on b.id = blob_id where sha256 = decode($1, 'hex')",
    [hash],
  )
  return found.length
}

const endClaim = ({ key }: Sent) =>
  behind.query("update idempotency set locked_until = now() - interval '1 second' where key = $1", [key])

/** An upload that sends only its first part before `finish`. */
async function beginUpload({ key, text }: Sent, more: Readonly<Record<string, string>> = {}) {
  const headers = {
    'idempotency-key': key,
    'content-type': 'text/plain',
    'content-length': String(text.length),
    ...more,
  }
  const req = request(`${service.url}${filesPath}${query}`, { method: 'PUT', headers, agent: false })
  const answered = once(req, 'response')
  answered.catch(() => {})
  req.on('error', () => {})
  req.write(text.slice(0, 5))
  await eventually(async () =>
    expect(await behind.query('select from idempotency where key = $1', [key])).toHaveLength(1),
  )
  return {
    async finish(): Promise<number> {
      req.end(text.slice(5))
      const [response] = await answered
      response.resume()
      return response.statusCode
    },
    abort: () => req.destroy(),
  }
}

describe('a request with an Idempotency-Key', () => {
  it('that is still running keeps others out', async () => {
    const sent = fresh()
    const running = await beginUpload(sent)
    const other = await store(sent)
    expect(other).toBeProblem(409, 'idempotent-request-running')
    expect(Number(other.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await running.finish()).toBe(201)
    expect(isReplay(await store(sent))).toBe(true)
    expect(await filesWith(sent.text)).toBe(1)
  })

  it('that the client broke off leaves its key free at once', async () => {
    const sent = fresh()
    const running = await beginUpload(sent)
    running.abort()
    await eventually(async () => expect((await store(sent)).status).toBe(201))
  })

  it('whose client left before the key was claimed leaves it free', async () => {
    const sent = fresh()
    const locker = await behind.connect()
    await locker.query('begin; lock table idempotency')
    const accepted: Promise<Socket[]> = once(service.server, 'connection')
    const headers = { 'idempotency-key': sent.key, 'content-type': 'text/plain' }
    const req = request(`${service.url}${filesPath}`, { method: 'PUT', headers, agent: false })
    req.on('error', () => {}).end(sent.text)
    const [socket] = await accepted
    await eventually(async () => {
      const waiting = await behind.query(`select from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`)
      expect(waiting).toHaveLength(1)
    })
    req.destroy()
    if (socket && !socket.closed) await once(socket, 'close')
    await locker.query('commit')
    await locker.end()
    await eventually(async () => expect((await store(sent)).status).toBe(201))
    expect(await filesWith(sent.text)).toBe(1)
  })

  it('that took longer than its claim makes no second file', async () => {
    const sent = fresh()
    const slow = await beginUpload(sent)
    await endClaim(sent)
    const quick = await store(sent)
    expect(quick.status).toBe(201)
    expect(await slow.finish()).toBe(409)
    expect(await filesWith(sent.text)).toBe(1)
    expect((await download(service, quick.body.id)).bytes.toString()).toBe(sent.text)
    expect(await service.violations()).toEqual([])
  })

  /** An upload that takes over the claim of another. */
  async function takeOver(sent: Sent) {
    await endClaim(sent)
    const upload = await beginUpload(sent)
    await eventually(async () => {
      const [row] = await behind.query(
        'select locked_until > now() as claimed from idempotency where key = $1',
        [sent.key],
      )
      expect(row?.claimed).toBe(true)
    })
    return upload
  }

  it('whose claim another took over makes no file, and leaves the key to the other', async () => {
    const sent = fresh()
    const first = await beginUpload(sent)
    const second = await takeOver(sent)
    expect(await first.finish()).toBe(409)
    expect(await store(sent)).toBeProblem(409, 'idempotent-request-running')
    expect(await second.finish()).toBe(201)
    expect(await filesWith(sent.text)).toBe(1)
    expect(isReplay(await store(sent))).toBe(true)
  })

  it('that is refused does not free a key that another took over', async () => {
    const sent = fresh()
    const wrong = { 'repr-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` }
    const first = await beginUpload(sent, wrong)
    const second = await takeOver(sent)
    expect(await first.finish()).toBe(422)
    expect(await store(sent)).toBeProblem(409, 'idempotent-request-running')
    expect(await second.finish()).toBe(201)
    expect(await filesWith(sent.text)).toBe(1)
  })
})

describe('a key whose request ended nobody knows how', () => {
  let short: ServiceBehindProxy
  beforeAll(async () => {
    short = await startServiceBehindProxy({ LEASE_SECONDS: '3' })
  })
  afterAll(() => short.stop())

  it('is kept until its claim runs out, and then makes one file', async () => {
    const [key, text] = [randomUUID(), freshText()]
    const store = () => putRaw(short.service, text, { headers: { 'idempotency-key': key } })
    const gone = short.proxy.breakAt('commit', 'before').then(() => short.proxy.refuse())
    expect(await store()).toBeProblem(503, 'outcome-unknown')
    await gone
    await short.proxy.accept()
    // The wait took longer than the claim lasts here.
    await short.query("update idempotency set locked_until = now() + interval '2 seconds'")
    expect(await store()).toBeProblem(409, 'idempotent-request-running')
    const stored = await eventually(async () => {
      const answer = await store()
      expect(answer.status).toBe(201)
      return answer
    })
    const again = await store()
    expect(isReplay(again)).toBe(true)
    expect(again.body).toEqual(stored.body)
    expect((await short.query('select from files')).length).toBe(1)
  })
})
