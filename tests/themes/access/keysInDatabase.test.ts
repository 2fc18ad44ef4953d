import { createHash } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { describeService } from '../../support/describeService.ts'
import type { TestService } from '../../support/service.ts'

describeService('The database', closed, (service) => {
  it('knows no key: a dump has ids and hashes', async () => {
    const { id, key } = await makeKey(service, { scopes: ['admin'] })
    const rotated = (await holding(service, key).api.post(`/keys/${id}/rotate`).send({}).expect(200)).body.key
    await holding(service, rotated).api.get('/keys').expect(200)
    const dump = await dumpOf(service)
    expect(dump).toContain(id)
    for (const text of [key, rotated]) {
      expect(dump).not.toContain(text.slice(17)) // the secret; the id before it is no secret
      expect(dump).toContain(createHash('sha256').update(text).digest('hex'))
    }
    expect(dump).not.toMatch(/upf[kgs]_[0-9A-Za-z]/)
    expect(dump).not.toContain(rootKey.slice(5))
  })
})

/** Every row of every table as text, with bytes in hex, as pg_dump writes them. */
async function dumpOf({ deps: { db } }: TestService): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'
  `.execute(db)
  const dumps = tables.map(({ name }) =>
    sql.raw<{ row: string }>(`select t::text as row from ${name} t`).execute(db),
  )
  return (await Promise.all(dumps)).flatMap(({ rows }) => rows.map(({ row }) => row)).join('\n')
}
