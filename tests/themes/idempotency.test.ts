import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import { type Answer, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import type { TestService } from '../support/service.ts'

let behind: ServiceBehindProxy
let service: TestService
beforeAll(async () => {
  behind = await startServiceBehindProxy({ ALLOWED_TYPES: 'text/*' })
  service = behind.service
})
afterAll(() => behind.stop())

interface Sent {
  readonly key: string
  readonly text: string
  readonly name?: string
  readonly type?: string
  readonly headers?: Record<string, string>
  readonly fields?: Record<string, string>
  readonly duplicates?: 'allow'
}

const asForm = ({ key, text, name, type = 'text/plain', headers, fields, duplicates }: Sent) =>
  upload(service, text, {
    ...(name !== undefined && { name }),
    type,
    fields: fields ?? {},
    headers: { 'idempotency-key': key, ...headers },
    query: duplicates ? '?duplicates=allow' : '',
  })

const asBody = ({ key, text, name = 'file.txt', type = 'text/plain', headers, fields, duplicates }: Sent) =>
  putRaw(service, text, {
    query: `?${new URLSearchParams({ file_name: name, ...fields, ...(duplicates && { duplicates }) })}`,
    headers: { 'idempotency-key': key, 'content-type': type, ...headers },
  })

const operations = [
  ['createFile', asForm],
  ['putFile', asBody],
] as const

const filesWith = async (text: string) => {
  const hash = createHash('sha256').update(text).digest('hex')
  const found = await behind.query(
    "select from files join blobs b on b.id = blob_id where sha256 = decode($1, 'hex')",
    [hash],
  )
  return found.length
}

const isReplay = (answer: Answer) => answer.headers.get('idempotency-replayed') === 'true'

describe.each(operations)('an Idempotency-Key of %s', (_operation, store) => {
  const fresh = (): Sent => ({ key: randomUUID(), text: freshText() })

  it('gets the same answer again, and one file', async () => {
    const sent = fresh()
    const first = await store(sent)
    expect(first.status).toBe(201)
    expect(isReplay(first)).toBe(false)
    for (let times = 0; times < 3; times++) {
      const again = await store(sent)
      expect(again.status).toBe(201)
      expect(isReplay(again)).toBe(true)
      expect(again.body).toEqual(first.body)
      for (const name of ['etag', 'location']) expect(again.headers.get(name)).toBe(first.headers.get(name))
    }
    expect(await filesWith(sent.text)).toBe(1)
  })

  it('gets the same answer again after its file was deleted', async () => {
    const sent = fresh()
    const first = await store(sent)
    await send(service, `${filesPath}/${first.body.id}`, { method: 'DELETE' })
    const again = await store(sent)
    expect([again.status, isReplay(again), again.body]).toEqual([201, true, first.body])
    expect(await send(service, `${filesPath}/${first.body.id}`)).toBeProblem(404, 'file-not-found')
  })

  it.each([
    ['types', { allowed_types: ['image/*'] }, 415],
    ['sizes', { max_file_size: 3 }, 413],
  ])('gets the same answer again after its bucket was limited to other %s', async (_what, rules, status) => {
    const bucket = `limited-${randomUUID()}`
    const sent = { ...fresh(), fields: { bucket } }
    const first = await store(sent)
    expect(first.status).toBe(201)
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(rules)
    expect((await send(service, `/buckets/${bucket}`, { method: 'PATCH', headers, body })).status).toBe(200)
    await eventually(async () =>
      expect((await store({ ...fresh(), fields: { bucket } })).status).toBe(status),
    )
    const again = await store(sent)
    expect([again.status, isReplay(again), again.body]).toEqual([201, true, first.body])
    expect(await store({ ...sent, text: freshText() })).toBeProblem(422, 'idempotency-key-reused')
  })

  it.each<[string, Partial<Sent>]>([
    ['bytes', { text: 'other bytes' }],
    ['a name', { name: 'other.txt' }],
    ['a type', { type: 'text/csv' }],
    ['metadata', { fields: { metadata: '{"a":2}' } }],
    ['a life', { fields: { expires_in: '3600' } }],
    ['a bucket', { fields: { bucket: 'elsewhere' } }],
    ['a wish for duplicates', { duplicates: 'allow' }],
  ])('is refused with %s that the first request did not have', async (_difference, other) => {
    const sent = fresh()
    const first = await store(sent)
    expect(await store({ ...sent, ...other })).toBeProblem(422, 'idempotency-key-reused')
    const again = await store(sent)
    expect(isReplay(again)).toBe(true)
    expect(again.body).toEqual(first.body)
  })

  it.each<[string, Partial<Sent>, number]>([
    ['415', { text: '%PDF-1.7\nno text' }, 415],
    ['422', { headers: { 'repr-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` } }, 422],
    ['400', { fields: { metadata: '[]' } }, 400],
    ['400 of the validator', { fields: { expires_in: 'soon' } }, 400],
    ['415 of the encoding', { headers: { 'content-encoding': 'gzip' } }, 415],
  ])('is free again at once after a refusal with %s', async (_status, flaw, status) => {
    const sent = fresh()
    expect(await store({ ...sent, ...flaw })).toBeProblem(status)
    const again = await store(sent)
    expect(again.status).toBe(201)
    expect(isReplay(again)).toBe(false)
  })

  it('is free again after bytes that the bucket held', async () => {
    const sent = fresh()
    const { body } = await putRaw(service, sent.text)
    expect(await store(sent)).toBeProblem(403, 'file-exists')
    await send(service, `${filesPath}/${body.id}`, { method: 'DELETE' })
    expect((await store(sent)).status).toBe(201)
  })

  it('makes one file of 20 requests at once', async () => {
    for (let round = 0; round < 5; round++) {
      const sent = fresh()
      const answers = await Promise.all(Array.from({ length: 20 }, () => store(sent)))
      const stored = answers.filter(({ status }) => status === 201)
      for (const answer of answers)
        if (answer.status !== 201) expect(answer).toBeProblem(409, 'idempotent-request-running')
      expect(stored.filter((answer) => !isReplay(answer))).toHaveLength(1)
      expect(new Set(stored.map(({ body }) => body.id)).size).toBe(1)
      expect(isReplay(await store(sent))).toBe(true)
      expect(await filesWith(sent.text)).toBe(1)
    }
  })

  it('means nothing new when duplicates are allowed: one file for each key', async () => {
    const sent = { ...fresh(), duplicates: 'allow' } as const
    const other = { ...sent, key: randomUUID() }
    for (const each of [sent, sent, other, other, sent]) expect((await store(each)).status).toBe(201)
    expect(await filesWith(sent.text)).toBe(2)
  })

  it('is forgotten after 24 hours, and not before', async () => {
    const [young, old] = [fresh(), fresh()]
    for (const sent of [young, old]) {
      await store(sent)
      const hours = sent === old ? 25 : 23
      await behind.query(
        "update idempotency set created_at = now() - $2 * interval '1 hour', locked_until = now() - interval '1 hour' where key = $1",
        [sent.key, hours],
      )
    }
    await service.maintain()
    expect(await store({ ...young, text: freshText() })).toBeProblem(422, 'idempotency-key-reused')
    const renewed = await store({ ...old, text: freshText() })
    expect(renewed.status).toBe(201)
    expect(isReplay(renewed)).toBe(false)
  })
})
