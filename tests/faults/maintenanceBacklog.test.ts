import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { armFailpoints } from '../support/service.ts'

/** One more than maintenance touches at once. */
const MANY = 501

describeService('maintenance with much to do', { MAINTENANCE_INTERVAL_SECONDS: '1' }, (service) => {
  afterEach(async () => {
    await armFailpoints('')
    service.deps.keys.discard() // they were reaped
  })

  const run = (statement: string) => sql.raw(statement).execute(service.deps.db)

  async function count(table: string): Promise<number | undefined> {
    const { rows } = await sql<{ count: number }>`select count(*) from ${sql.table(table)}`.execute(
      service.deps.db,
    )
    return rows[0]?.count
  }

  /** Runs an action n times, several at once. */
  async function manyTimes(action: (index: number) => Promise<void>): Promise<void> {
    const indexes = Array.from({ length: MANY }, (_, index) => index).values()
    const caller = async () => {
      for (const index of indexes) await action(index)
    }
    await Promise.all(Array.from({ length: 8 }, caller))
  }

  async function uploadMany(headers: (index: number) => Record<string, string>): Promise<string[]> {
    const ids: string[] = []
    await manyTimes(async (index) => {
      const { status, body } = await upload(service, randomBytes(20), { headers: headers(index) })
      expect(status).toBe(201)
      ids.push(body.id)
    })
    return ids
  }

  /** Stands for the limit that the database sets to the time of a statement: what touches too much is undone. */
  async function limitStatements(rows: number): Promise<void> {
    await run(`create function refuse_too_many() returns trigger language plpgsql as $$ begin
    if (select count(*) from touched) > ${rows} then raise 'too many rows' using errcode = '57014'; end if;
    return null;
  end $$`)
    for (const table of ['files', 'blobs', 'intents', 'trash', 'idempotency'])
      for (const [change, rowsAre] of [
        ['insert', 'new'],
        ['update', 'new'],
        ['delete', 'old'],
      ])
        await run(`create trigger limit_${change} after ${change} on ${table}
        referencing ${rowsAre} table as touched for each statement execute function refuse_too_many()`)
  }

  /** Removing bytes may take more than one round where each of them is a request. */
  async function maintainUntilSwept(): Promise<void> {
    do await service.maintain()
    while ((await count('trash')) !== 0)
  }

  it('does it in statements of a limited size, whatever it is', async () => {
    await uploadMany((index) => ({ 'idempotency-key': `backlog-${index}` }))
    await run(`update files set expires_at = now()`)
    await run(`update idempotency set created_at = now() - interval '25 h', locked_until = now()`)
    await run(`update intents set lease_expires_at = now() - interval '1 s'`)
    await limitStatements(MANY - 1)
    await maintainUntilSwept()
    for (const table of ['files', 'blobs', 'intents', 'trash', 'idempotency'])
      expect([table, await count(table)]).toEqual([table, 0])
    expect(await service.violations()).toEqual([])
  })

  it('leaves some of it to the next round when another step would have to wait', async () => {
    const ids = (await uploadMany(() => ({}))).values()
    await manyTimes(async () => {
      const { status } = await send(service, `${filesPath}/${ids.next().value}`, { method: 'DELETE' })
      expect(status).toBe(201)
    })
    await run(`update intents set lease_expires_at = now() - interval '1 s'`)
    await armFailpoints('G1=pause:1200')
    await service.maintain()
    await armFailpoints('')
    expect([await count('files'), await count('intents')]).toEqual([1, 0])
    await maintainUntilSwept()
    expect([await count('files'), await count('blobs'), await count('trash')]).toEqual([0, 0, 0])
    expect(await service.violations()).toEqual([])
  })
})
