import { loadConfig } from '../config.ts'
import { createClock } from '../database/clock.ts'
import { migrateUp } from '../database/connection/migrate.ts'
import * as domain from '../domain/access/keys.ts'
import { hasCode } from '../errors.ts'
import { toKeyBody } from '../http/answers/keyBody.ts'
import type { AccessKey } from '../model/accessKey.ts'
import { anyone } from '../model/actor.ts'
import { commandLine } from '../model/audit.ts'
import { newCredential } from '../runtime/credentialText.ts'
import type { Command } from './command.ts'
import { type KeyCall, readKeyCall } from './keyCall.ts'
import { describeRights, keyTable } from './keyTexts.ts'
import { insistOnTables } from './start/insistOnTables.ts'
import { withDatabase } from './start/withDatabase.ts'

/** Makes, lists, changes and revokes access keys. */
export const keys: Command = {
  name: 'keys',
  usage: 'create|list|rotate|revoke|generate',
  summary: 'make, list, rotate and revoke access keys',
  help: `Works on the database of the service, which may run or not. It asks for no key: whoever has the settings of the database
is the operator. The first key closes an open service.

  create NAME           make a key; standard output is the key alone, which is shown only now
    --scope LIST        of read, list, write, delete, admin, with commas between them (read,list,write,delete)
    --bucket PATTERN    a bucket, or several as acme-*; may be repeated (every bucket)
    --prefix TEXT       the beginning of the names of all files that the key is for (every name)
    --rate N            the most requests in a minute (any number)
    --per-month N       the most requests in a calendar month, in UTC (any number)
    --expires-in TIME   a number with s, m, h or d, as 90d; a number alone means seconds (the key does not expire)
  list                  list all keys, also those that were revoked or have expired
  rotate NAME|ID        give a key another secret; standard output is the new key alone
    --overlap TIME      how long the old one is still good (1d); 0 ends it at once
  revoke NAME|ID        end a key for good, and the uploads that it announced
    --descendants       also the keys that it made, and those that they made
  generate              make a key for ADMIN_KEYS, without a database

  --json                print JSON on standard output

Exit code 0 when it is done, 1 when not, 2 for a wrong call.
`,
  options: {
    scope: { type: 'string', multiple: true },
    bucket: { type: 'string', multiple: true },
    prefix: { type: 'string' },
    rate: { type: 'string' },
    'per-month': { type: 'string' },
    'expires-in': { type: 'string' },
    overlap: { type: 'string' },
    descendants: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  words: 2,
  run(call) {
    const read = readKeyCall(call)
    return typeof read === 'string' ? read : perform(read)
  },
}

/** Whoever runs a command may do everything. */
const operator = anyone

async function perform(call: KeyCall): Promise<number> {
  if (call.action === 'generate') return generate(call)
  const create = call.action === 'create'
  // The first key may be made before the service was ever started.
  return await withDatabase(loadConfig(process.env), { create }, async ({ db, location }) => {
    if (create) await migrateUp(db)
    else await insistOnTables(db)
    // Services read a key again within a second, and sweep the trash at their next maintenance.
    const deps: domain.KeyDeps = { db, sweeper: { soon: () => {} }, knownAccess: { forget: () => {} } }
    switch (call.action) {
      case 'create':
        return await createKey(deps, call, location)
      case 'list':
        return await listKeys(deps, call)
      case 'rotate':
        return await rotateKey(deps, call)
      case 'revoke':
        return await revokeKey(deps, call)
    }
  })
}

type CallTo<Action extends KeyCall['action']> = Extract<KeyCall, { action: Action }>

async function createKey(
  deps: domain.KeyDeps,
  { fields, expiresInSeconds, json }: CallTo<'create'>,
  location: string,
): Promise<number> {
  const expiresAt = expiresInSeconds === undefined ? null : await momentIn(deps, expiresInSeconds)
  const { key, text, isFirst } = await domain.createKey(deps, operator, { ...fields, expiresAt }, commandLine)
  if (json) print({ ...toKeyBody(key), key: text })
  else process.stdout.write(`${text}\n`)
  say(`Made the key ${called(key)} in the database ${location}. ${describeRights(key)}`)
  say('It is shown only now. Send it in the header x-api-key, as Bearer, or as the password of Basic.')
  if (isFirst) say('It is the first key: an open service closes within a second, for good, unless AUTH=off.')
  return 0
}

async function listKeys(deps: domain.KeyDeps, { json }: CallTo<'list'>): Promise<number> {
  const found: AccessKey[] = []
  for (let page: AccessKey[] | undefined; page === undefined || page.length > 0; ) {
    page = await domain.listKeys(deps, operator, { after: found.at(-1)?.name ?? '', limit: PAGE })
    found.push(...page)
  }
  if (json) print(found.map(toKeyBody))
  else process.stdout.write(keyTable(found, Date.now()))
  return 0
}

const PAGE = 1000

async function rotateKey(
  deps: domain.KeyDeps,
  { target, overlapSeconds, json }: CallTo<'rotate'>,
): Promise<number> {
  const { id } = await findKey(deps, target)
  const { key, text } = await domain.rotateKey(deps, operator, { id, overlapSeconds }, commandLine)
  if (json) print({ ...toKeyBody(key), key: text })
  else process.stdout.write(`${text}\n`)
  const end = overlapSeconds === 0 ? 'has ended' : `ends at ${await momentIn(deps, overlapSeconds)}`
  say(`The key ${called(key)} has a new secret, which is shown only now. The old one ${end}.`)
  return 0
}

async function revokeKey(
  deps: domain.KeyDeps,
  { target, descendants, json }: CallTo<'revoke'>,
): Promise<number> {
  const key = await findKey(deps, target)
  const ids = await domain.revokeKey(deps, operator, { id: key.id, descendants }, commandLine)
  if (json) print({ revoked: ids })
  say(`Revoked the key ${called(key)}${descendants ? ` and ${ids.length - 1} that came of it` : ''}.`)
  return 0
}

const called = ({ name, id }: AccessKey) => `"${name}" (${id})`

/** An id comes first: a name may look like the id of another key. */
const findKey = async (deps: domain.KeyDeps, target: string): Promise<AccessKey> =>
  await domain.requireKey(deps, operator, ['id', target]).catch((error: unknown) => {
    if (!hasCode(error, 'key-not-found')) throw error
    return domain.requireKey(deps, operator, ['name', target])
  })

function generate({ json }: CallTo<'generate'>): number {
  const { id, text } = newCredential('key')
  if (json) print({ id, key: text })
  else process.stdout.write(`${text}\n`)
  say('Set ADMIN_KEYS to this key. A key in ADMIN_KEYS may do everything; no database knows it.')
  return 0
}

/** The moment in so many seconds, by the clock of the database, which ends keys. */
const momentIn = async ({ db }: domain.KeyDeps, seconds: number): Promise<string> =>
  new Date(((await createClock(db)).now() + seconds) * 1000).toISOString()

const print = (value: unknown) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)

const say = (sentence: string) => void process.stderr.write(`upfile: ${sentence}\n`)
