import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import { download, type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'

let behind: ServiceBehindProxy
beforeAll(async () => {
  behind = await startServiceBehindProxy({ DB_POOL_SIZE: '4' })
  for (const statement of faults) await behind.query(statement)
})
afterEach(() => refuseNext(0, '00000'))
afterAll(() => behind.stop())

/** A trigger that lets the next n changes of files fail; a sequence counts them, because it survives the rollback. */
const faults = [
  'create sequence fault_passes',
  'create table fault (code text not null, times bigint not null)',
  "insert into fault values ('00000', 0)",
  `create function refuse_change() returns trigger language plpgsql as $$
  begin
    if nextval('fault_passes') <= (select times from fault) then
      raise exception 'refused by the test' using errcode = (select code from fault);
    end if;
    return new;
  end $$`,
  'create trigger refuse_change before insert or update on files for each row execute function refuse_change()',
]

async function refuseNext(times: number, code: string) {
  await behind.query('alter sequence fault_passes restart')
  await behind.query('update fault set times = $1, code = $2', [times, code])
}

const ALWAYS = 1_000_000

/** Every way to change a file, on one that is there for it. */
async function changes() {
  const text = freshText()
  const { body } = await upload(behind.service, text)
  const path = `${filesPath}/${body.id}`
  const json = { headers: { 'content-type': 'application/json' } }
  return {
    'an upload': () => upload(behind.service, freshText()),
    'an upload with an Idempotency-Key': () =>
      upload(behind.service, freshText(), { headers: { 'idempotency-key': randomUUID() } }),
    'an upload of known bytes': () => upload(behind.service, text, { query: '?duplicates=allow' }),
    'an update': () =>
      send<FileBody>(behind.service, path, { method: 'PUT', ...json, body: '{"file_name":"new"}' }),
    'a deletion': () => send(behind.service, path, { method: 'DELETE' }),
  }
}

const names = [
  'an upload',
  'an upload with an Idempotency-Key',
  'an upload of known bytes',
  'an update',
  'a deletion',
] as const

describe('a change that the database rolls back', () => {
  it.each(names.flatMap((name) => ['40001', '40P01'].map((code) => [name, code] as const)))(
    'is tried again: %s after %s',
    async (name, code) => {
      const change = (await changes())[name]
      await refuseNext(1, code)
      expect((await change()).status).toBe(201)
    },
  )

  const lasting = [
    '40001',
    '40P01',
    '55P03',
    '57014',
    '53100',
    '53200',
    '53300',
    '25006',
    '58030',
    '08006',
    '57P01',
  ]

  it.each(lasting)('every time is answered with 503, stores nothing, and works later (%s)', async (code) => {
    const before = await behind.query('select count(*) from files where deleted_at is null')
    for (const name of names) {
      const change = (await changes())[name]
      await refuseNext(ALWAYS, code)
      const answer = await change()
      expect(answer).toBeProblem(503, 'database-unavailable')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      await refuseNext(0, code)
      expect((await change()).status).toBe(201)
    }
    // Each of the five made one file first; three uploads added one, the deletion took one away.
    const after = await behind.query('select count(*) from files where deleted_at is null')
    expect(Number(after[0]?.count) - Number(before[0]?.count)).toBe(7)
    expect(await behind.service.violations()).toEqual([])
  })

  it.each(['23514', 'P0001'])(
    'for a reason of its own is a failure of ours, told without details (%s)',
    async (code) => {
      for (const name of names) {
        const change = (await changes())[name]
        await refuseNext(ALWAYS, code)
        expect(await change()).toBeProblem(500)
        await refuseNext(0, code)
      }
    },
  )

  it('because of one file does not fail those that share its statement', async () => {
    await behind.query(`create function refuse_one() returns trigger language plpgsql as $$
      begin
        if new.name = 'refused.txt' then raise exception 'refused' using errcode = 'P0001'; end if;
        return new;
      end $$`)
    await behind.query(
      'create trigger refuse_one before insert on files for each row execute function refuse_one()',
    )
    const uploads = Array.from({ length: 30 }, (_, index) =>
      upload(behind.service, freshText(), { name: index % 10 === 0 ? 'refused.txt' : 'taken.txt' }),
    )
    const statuses = (await Promise.all(uploads)).map(({ status }) => status)
    await behind.query('drop function refuse_one cascade')
    expect(statuses).toEqual(statuses.map((_, index) => (index % 10 === 0 ? 500 : 201)))
  })
})

describe('a database that takes no writes', () => {
  it('refuses changes with 503, serves what it has, and heals', async () => {
    const text = freshText()
    const { body } = await putRaw(behind.service, text)
    const [database] = await behind.query('select current_database() as name')
    const setReadOnly = async (value: string) => {
      await behind.query(`alter database ${database?.name} set default_transaction_read_only = ${value}`)
      behind.proxy.cut() // new connections learn of it
    }
    await setReadOnly('on')
    try {
      expect(await putRaw(behind.service, freshText())).toBeProblem(503, 'database-unavailable')
      expect(await send(behind.service, `${filesPath}/${body.id}`, { method: 'DELETE' })).toBeProblem(503)
      expect((await download(behind.service, body.id)).bytes.toString()).toBe(text)
      expect((await send(behind.service, filesPath)).status).toBe(200)
      expect((await send(behind.service, '/readyz')).status).toBe(503)
    } finally {
      await setReadOnly('off')
    }
    await eventually(async () => expect((await putRaw(behind.service, freshText())).status).toBe(201))
    expect((await send(behind.service, '/readyz')).status).toBe(200)
  })
})

describe('a row that somebody else has locked', () => {
  it('holds an upload of the same bytes up for seconds only, and nobody else', async () => {
    const text = freshText()
    const first = await putRaw(behind.service, text)
    const locker = await behind.connect()
    await locker.query('begin')
    await locker.query("select from blobs where sha256 = decode($1, 'hex') for update", [
      first.body.file_hash,
    ])
    const stuck = putRaw(behind.service, text, { query: '?duplicates=allow' })
    const others = await Promise.all(Array.from({ length: 20 }, () => putRaw(behind.service, freshText())))
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([201]))
    expect((await send(behind.service, `${filesPath}/${first.body.id}`)).status).toBe(200)
    expect(await stuck).toBeProblem(503, 'database-unavailable')
    await locker.query('rollback')
    await locker.end()
    expect((await putRaw(behind.service, text, { query: '?duplicates=allow' })).status).toBe(201)
  })
})
