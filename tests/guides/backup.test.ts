import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createInstallation } from '../support/childService.ts'
import { download, upload } from '../support/client.ts'
import { startDebianPostgres } from '../support/debianPostgres.ts'
import { fencesOf, repository } from '../support/guides.ts'

const run = promisify(execFile)
const commandsOf = (section: string) =>
  fencesOf('docs/backup.md')
    .filter((fence) => fence.section === section && fence.language === 'sh')
    .map(({ text }) => text)
const [backUpOwn = '', restoreOwn = ''] = commandsOf("With the service's own PostgreSQL")
const [backUpOutside = '', restoreOutside = ''] = commandsOf('With a PostgreSQL of yours')
const [acceptOlder = ''] = commandsOf('A database that is older than its storage')

/** A checkout, where the commands are typed. */
let checkout: string
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'upfile-backup-'))
  for (const name of ['src', 'node_modules', 'package.json', 'migrations', 'api'])
    await symlink(join(repository, name), join(checkout, name))
})
afterEach(() => rm(checkout, { recursive: true, force: true }))

const type = async (commands: string, env: Readonly<Record<string, string>>, programs = '') => {
  const PATH = `${programs}:${join(repository, 'node_modules/.bin')}:${process.env.PATH}`
  const all = { HOME: checkout, ENVIRONMENT: 'testing', ...env, PATH }
  return (await run('bash', ['--norc', '-euo', 'pipefail', '-c', commands], { cwd: checkout, env: all }))
    .stdout
}

describe('The commands of docs/backup.md', () => {
  it("bring everything back with the service's own PostgreSQL", async () => {
    const bytes = randomBytes(300_000)
    const installation = await createInstallation({ postgres: 'embedded' })
    const { dataDirectory } = installation
    const env = { DATA_DIR: dataDirectory }
    try {
      const before = await installation.start()
      const { id } = (await upload(before, bytes)).body
      await before.stop()
      await type(backUpOwn, env)
      await rm(dataDirectory, { recursive: true })
      expect(await type(restoreOwn, env)).toMatch(/^violations: 0$/m)
      const after = await installation.start()
      expect((await download(after, id)).bytes.equals(bytes)).toBe(true)
      await after.stop()
    } finally {
      await installation.remove()
    }
  })

  it('bring everything back with a PostgreSQL of yours, while the service runs', async () => {
    const postgres = await startDebianPostgres()
    const bytes = randomBytes(300_000)
    const url = await postgres.createDatabase('before')
    const old = await createInstallation({ postgres: { url } })
    const restored = await createInstallation({ postgres: { url: await postgres.createDatabase('after') } })
    const envOf = ({ dataDirectory, databaseUrl = '' }: typeof old) => ({
      DATA_DIR: dataDirectory,
      DATABASE_URL: databaseUrl,
    })
    try {
      const before = await old.start()
      const { id } = (await upload(before, bytes)).body
      await type(backUpOutside, envOf(old), postgres.programs)
      await before.kill()
      await rm(restored.dataDirectory, { recursive: true })
      expect(await type(restoreOutside, envOf(restored), postgres.programs)).toMatch(/^violations: 0$/m)
      for (const commands of ['', acceptOlder]) {
        await type(commands, envOf(restored))
        const after = await restored.start()
        expect((await download(after, id)).bytes.equals(bytes)).toBe(true)
        await after.stop()
      }
    } finally {
      await old.remove()
      await restored.remove()
      await postgres.stop()
    }
  })
})
