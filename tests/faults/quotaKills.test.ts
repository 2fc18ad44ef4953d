import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { createApi } from '../support/api/agent.ts'
import { makeBucket } from '../support/api/named.ts'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { putRaw } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { maintenanceAllTheTime, withData } from '../support/killing.ts'

const LIMIT = 400_000

describe('a service that is killed while files come into a bucket with a limit', () => {
  let installation: Installation
  beforeAll(async () => {
    installation = await createInstallation({ postgres: 'shared' })
    const service = await start()
    await makeBucket({ api: createApi(service.url) }, 'small', { max_bytes: LIMIT, max_files: 100 }).expect(
      201,
    )
    await service.stop()
  })
  afterAll(() => installation.remove())

  const start = (env: Readonly<Record<string, string>> = {}) =>
    installation.start({ ...maintenanceAllTheTime, ...env })
  const fill = async (service: ChildService) => {
    const send = async () => {
      for (let count = 0; count < 20; count++) {
        // With a key a file is committed alone, without one together with others.
        const headers: Record<string, string> = count % 2 ? { 'idempotency-key': randomUUID() } : {}
        await putRaw(service, randomBytes(3000), { query: '?bucket=small', headers }).catch(() => {})
      }
    }
    await Promise.race([service.ended, Promise.all(Array.from({ length: 4 }, send))])
  }
  const allowance = () =>
    withData(installation, async ({ db }) => {
      const { rows } = await sql<Record<string, number>>`
        select used_bytes as used, reserved_bytes as reserved, reserved_files as files,
          (select coalesce(sum(size), 0)::bigint from files where deleted_at is null) as live from allowances
      `.execute(db)
      return rows[0]
    })

  it.each(['U0', 'U3', 'U5', 'U8', 'U9', 'U10', 'U11', 'U12', 'U13', 'U14'])(
    'at %s counts its files, and gives the room of the others back',
    async (failpoint) => {
      const killed = await start({ FAILPOINTS: `${failpoint}=kill@5` })
      await fill(killed)
      expect((await killed.ended).signal).toBe('SIGKILL')
      const service = await start()
      await eventually(async () => expect(await allowance()).toMatchObject({ reserved: 0, files: 0 }))
      const { used = 0, live } = (await allowance()) ?? {}
      expect(used).toBe(live)
      const fits = await putRaw(service, randomBytes(LIMIT - used), { query: '?bucket=small' })
      expect(fits.status).toBe(201)
      expect((await putRaw(service, 'x', { query: '?bucket=small' })).status).toBe(413)
      const { items } = {
        items: (await createApi(service.url).get('/service/fileupload?bucket=small&limit=1000')).body,
      }
      for (const { id } of items) await createApi(service.url).delete(`/service/fileupload/${id}`).expect(201)
      await service.stop()
      expect(await installation.run(['fsck'])).toMatchObject({ code: 0 })
    },
  )
})
