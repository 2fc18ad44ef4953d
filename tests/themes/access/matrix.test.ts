import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import type { OperationId } from '../../../src/http/contract/operation.ts'
import { type Caller, makeCallers } from '../../support/access/callers.ts'
import {
  makeWorld,
  type PlainRequest,
  requestOf,
  type Target,
  targets,
  type World,
} from '../../support/access/requests.ts'
import { closed } from '../../support/api/keys.ts'
import type { Answer } from '../../support/client.ts'
import { operations } from '../../support/examples.ts'
import { openRaw } from '../../support/rawRequest.ts'
import { sendRaw } from '../../support/sendRaw.ts'
import { type StartedService, startService } from '../../support/service.ts'

type Operation = (typeof operations)[number]

let service: StartedService
let callers: readonly Caller[]
let world: World
beforeAll(async () => {
  service = await startService(closed)
  callers = await makeCallers(service)
  world = await makeWorld(service)
})
afterAll(() => service.stop())

const targetOf = ({ operationId }: Operation): Target => targets[operationId as OperationId]

/** The rules of access, all in one place: how an operation answers a caller. `in` means that its handler decides. */
function expected(operation: Operation, caller: Caller): string {
  const schemes = operation.security ?? []
  const roles = schemes.flatMap((scheme) => Object.values(scheme)).flat()
  const changes = operation.method !== 'get' || 'x-changes' in operation
  if (caller.inAddress !== undefined) return '400 credential-misplaced'
  if (schemes.length === 0 || schemes.some((scheme) => 'link' in scheme)) return 'in'
  if (caller.refusal !== undefined) return caller.refusal
  if (caller.scopes === undefined) return '401 access-key-needed'
  if (caller.foreign && changes) return '403 foreign-page'
  const has = (role: string) => caller.scopes?.some((scope) => scope === role || scope === 'admin')
  if (roles.length > 0 && !roles.some(has)) return '403 scope-missing'
  return outside(targetOf(operation), caller.outside)
}

function outside(target: Target, side: Caller['outside']): string {
  if (side === undefined || target === 'nothing') return 'in'
  if (target === 'thing') return '404'
  if (target === 'rights') return '403 scope-exceeded'
  if (side === 'bucket') return '403 bucket-forbidden'
  return { 'new name': '403 name-forbidden', rules: '403 name-forbidden', 'known name': '404', bucket: 'in' }[
    target
  ]
}

const refusals =
  /^(access-key-|session-|credential|scope-|bucket-forbidden|name-forbidden|foreign-page|host-not-allowed)/

/** How an operation has answered. The example of an operation that refuses everybody is its own answer. */
function found({ status }: PlainRequest, answer: Answer<unknown>): string {
  const { code = '' } = (answer.body ?? {}) as { code?: string }
  if (answer.status === status) return 'in'
  return answer.status === 404 ? '404' : refusals.test(code) ? `${answer.status} ${code}` : 'in'
}

/** The places in the request of an operation where a caller puts a key into the address. */
function addressed({ path, ...rest }: PlainRequest, { inAddress }: Caller): PlainRequest {
  if (inAddress === undefined) return { path, ...rest }
  return { path: `${path}${path.includes('?') ? '&' : '?'}note=%20${inAddress}`, ...rest }
}

async function ask(operation: Operation, caller: Caller): Promise<[found: string, answer: Answer<unknown>]> {
  const request = addressed(await requestOf(operation, world), caller)
  const headers = { ...request.headers, ...caller.headers }
  const answer = await sendRaw(service, request.method, request.path, headers, request.body ?? undefined)
  return [found(request, answer), answer]
}

/** Everything that a refused request could have changed. */
async function state(): Promise<unknown> {
  const { rows } = await sql`select
    (select json_agg(f order by id) from files f) files,
    (select json_agg(u order by id) from uploads u) uploads,
    (select json_agg(b order by name) from buckets b) buckets,
    (select json_agg(to_jsonb(k) - 'last_used_at' order by id) from access_keys k) keys`.execute(
    service.deps.db,
  )
  return rows
}

/** The storage keys of all bytes that may be there, beside those of files. */
async function bytes(): Promise<readonly string[]> {
  const { rows } = await sql<{ storage_key: string }>`
    select storage_key from intents union select storage_key from trash`.execute(service.deps.db)
  return rows.map(({ storage_key }) => storage_key)
}

describe.each(operations.map((operation) => [operation.operationId, operation] as const))(
  '%s',
  (_id, operation) => {
    it('refuses whom it has to, and changes nothing for them', async () => {
      world = await makeWorld(service, world)
      const before = await state()
      const differences: unknown[] = []
      for (const caller of callers) {
        const rule = expected(operation, caller)
        if (rule === 'in') continue
        const [is, answer] = await ask(operation, caller)
        if (is !== rule) differences.push({ caller: caller.called, rule, is, body: answer.body })
        if (answer.status === 401)
          expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="upfile"/)
      }
      expect(differences).toEqual([])
      expect(await state()).toEqual(before)
    })

    it('lets in whom it may', async () => {
      const differences: unknown[] = []
      for (const caller of callers) {
        const rule = expected(operation, caller)
        if (rule !== 'in') continue
        if (operation.method !== 'get') world = await makeWorld(service, world)
        const [is, answer] = await ask(operation, caller)
        if (is !== rule) differences.push({ caller: caller.called, rule, is, body: answer.body })
      }
      expect(differences).toEqual([])
    })

    const takesBytes = Object.keys(operation.requestBody?.content ?? {}).some((type) => !/json/.test(type))
    if (takesBytes)
      it('asks nobody for bytes whom it refuses by what stands in front of them', async () => {
        const before = [await state(), new Set(await bytes())] as const
        for (const caller of callers) {
          const rule = expected(operation, caller)
          // The bucket and the name of an upload may come behind its bytes.
          if (rule === 'in' || caller.outside !== undefined) continue
          const { method, path, headers } = addressed(await requestOf(operation, world), caller)
          const lines = Object.entries({ ...headers, ...caller.headers }).map(
            ([name, value]) => `${name}: ${value}`,
          )
          const head = [
            `${method} ${path} HTTP/1.1`,
            'Host: x',
            ...lines,
            'Expect: 100-continue',
            'Content-Length: 9',
          ]
          const connection = await openRaw(service, `${head.join('\r\n')}\r\n\r\n`)
          const answer = await connection.answer()
          expect([caller.called, answer.status]).toEqual([caller.called, Number(rule.slice(0, 3))])
          connection.destroy()
        }
        expect(await state()).toEqual(before[0])
        expect((await bytes()).filter((key) => !before[1].has(key))).toEqual([])
      })
  },
)
