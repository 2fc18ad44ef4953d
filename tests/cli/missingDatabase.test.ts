import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation } from '../support/childService.ts'
import { send } from '../support/client.ts'
import { asAdministrator, findPostgres } from '../support/postgres.ts'

/** With a character that SQL and URLs write otherwise. */
const database = `not yet "${process.pid}`
const quoted = `"${database.replace('"', '""')}"`
const [maker, guest] = [`maker_${process.pid}`, `guest_${process.pid}`]

const urlOf = (role: string) =>
  `postgres://${role}@/${encodeURIComponent(database)}?host=${encodeURIComponent(findPostgres().host)}`
const partsOf = (role: string) => ({
  DATABASE_URL: '',
  DB_HOST: findPostgres().host,
  DB_USER: role,
  DB_NAME: database,
})
const drop = () => asAdministrator(`drop database if exists ${quoted} with (force)`)

let installation: Installation
beforeAll(async () => {
  await asAdministrator(`create role ${maker} login createdb`)
  await asAdministrator(`create role ${guest} login`)
})
afterAll(async () => {
  await drop()
  for (const role of [maker, guest]) await asAdministrator(`drop role ${role}`)
})

describe('a database that the server does not have', () => {
  beforeAll(async () => {
    installation = await createInstallation({ postgres: { url: urlOf(maker) } })
  })
  afterAll(() => installation.remove())

  it.each([
    ['by its URL', () => ({ DATABASE_URL: urlOf(guest) })],
    ['by its parts', () => partsOf(guest)],
  ])('is asked of an administrator when the role may not make it: %s', async (_case, env) => {
    const { code, stderr } = await installation.run(['serve'], env())
    expect(code).toBe(1)
    expect(stderr).toContain(`run: create database ${quoted} owner "${guest}"`)
  })

  it.each([['fsck'], ['migrate', 'up']])(
    'is not made by a command, which would find nothing in it: %s',
    async (...words) => {
      const { code, stderr } = await installation.run(words)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^upfile: The database cannot be reached .*DATABASE_URL.* does not exist/)
      expect(stderr).toContain(`"upfile serve" makes it, or as an administrator of PostgreSQL, run: create `)
      expect(await exists()).toBe(false)
    },
  )

  it('is made once by services that start at the same time', async () => {
    const services = await Promise.all([installation.start(), installation.start(partsOf(maker))])
    for (const service of services) expect((await send(service, '/readyz')).status).toBe(200)
    const outcomes = await Promise.all(services.map((service) => service.stop()))
    const said = outcomes.map(({ stdout }) => stdout).join('')
    expect(said).toContain('Made the database')
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ])
  })
})

describe('a database in which the role may not make tables', () => {
  it.each([['serve'], ['migrate', 'up']])(
    'is answered with the statement that allows it: %s',
    async (...words) => {
      await drop()
      await asAdministrator(`create database ${quoted}`)
      const place = await createInstallation({ postgres: { url: urlOf(guest) } })
      const { code, stderr } = await place.run(words)
      await place.remove()
      expect(code).toBe(1)
      expect(stderr).toContain(`run: grant create on schema public to ${guest}`)
    },
  )
})

async function exists(): Promise<boolean> {
  const failed = await asAdministrator(`create database ${quoted}`).then(
    () => false,
    () => true,
  )
  if (!failed) await drop()
  return failed
}
