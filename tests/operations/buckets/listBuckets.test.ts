import { expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { listBucketRecords } from '../../../src/database/rows/buckets.ts'
import { everyFile } from '../../../src/model/actor.ts'
import { makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('listBuckets', (service) => {
  it('leads through all of them in the order of their names', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `list-${index}`)
    for (const name of names.toReversed()) await makeBucket(service, name)
    const seen: string[] = []
    for (let path: string | undefined = '/buckets?limit=2&after=list-'; path; ) {
      const page: { body: { name: string }[]; headers: Record<string, string> } = await service.api.get(path)
      expect(page.body.length).toBeLessThanOrEqual(2)
      seen.push(...page.body.map(({ name }) => name))
      path = /<(.*)>; rel="next"/.exec(page.headers.link ?? '')?.[1]
    }
    expect(seen).toEqual(names)
  })

  it('reads no other buckets than those of the page', async () => {
    const { db } = service.deps
    await sql`insert into buckets (name) select 'crowd-' || n from generate_series(1, 3000) n`.execute(db)
    await sql`analyze buckets`.execute(db) // as PostgreSQL does by itself some time later
    const read = await db.transaction().execute(async (trx) => {
      expect(await listBucketRecords(trx, everyFile, { after: 'crowd-2', limit: 11 })).toHaveLength(11)
      const { rows } = await sql<{ rows: number }>`
        select seq_tup_read + idx_tup_fetch as rows from pg_stat_xact_user_tables where relname = 'buckets'
      `.execute(trx)
      return rows[0]?.rows
    })
    expect(read).toBeLessThan(100) // the planner reads a few rows too
  })

  it.each(['limit=0', 'limit=1001', 'limit=x', 'after=a&after=b', 'sort=name'])(
    'refuses %s',
    async (query) => {
      expect(await service.api.get(`/buckets?${query}`)).toBeProblem(400)
    },
  )
})
