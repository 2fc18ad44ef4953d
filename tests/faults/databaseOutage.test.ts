import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import { createInstallation } from '../support/childService.ts'
import { type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { startDatabaseProxy } from '../support/databaseProxy.ts'

let behind: ServiceBehindProxy
beforeAll(async () => {
  behind = await startServiceBehindProxy()
})
afterAll(() => behind.stop())

const filesNamed = async (name: string) =>
  (await send<FileBody[]>(behind.service, `${filesPath}?name=${name}`)).body

describe('a COMMIT whose answer is lost', () => {
  const ways = [
    ['one statement', 'insert into blobs', false],
    ['a transaction', 'commit', true],
  ] as const
  const optionsOf = (keyed: boolean) => {
    const name = randomUUID()
    return { name, headers: keyed ? { 'idempotency-key': name } : {} }
  }

  const losses = ways.flatMap((way) => (['after', 'panic'] as const).map((how) => [...way, how] as const))
  it.each(losses)('is found out to have happened (%s, %s, %s: %s)', async (_way, statement, keyed, how) => {
    const sprung = behind.proxy.breakAt(statement, how)
    const answer = await upload(behind.service, freshText(), optionsOf(keyed))
    await sprung
    expect(answer.status).toBe(201)
    expect((await send(behind.service, `${filesPath}/${answer.body.id}`)).body).toEqual(answer.body)
  })

  it.each(ways)('is found out not to have happened (%s)', async (_way, statement, keyed) => {
    const sprung = behind.proxy.breakAt(statement, 'before')
    const text = freshText()
    const options = optionsOf(keyed)
    expect(await upload(behind.service, text, options)).toBeProblem(503, 'database-unavailable')
    await sprung
    expect(await filesNamed(options.name)).toEqual([])
    expect((await upload(behind.service, text, options)).status).toBe(201)
  })

  it('stays unknown while the database is gone, and one file comes of it in the end', async () => {
    const text = freshText()
    const options = optionsOf(true)
    const sprung = behind.proxy.breakAt('commit', 'after')
    const gone = sprung.then(() => behind.proxy.refuse())
    expect(await upload(behind.service, text, options)).toBeProblem(503, 'outcome-unknown')
    await gone
    await behind.proxy.accept()
    const again = await upload(behind.service, text, options)
    expect(again.status).toBe(201)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await filesNamed(options.name)).toHaveLength(1)
  })
})

describe('a database that cannot be reached', () => {
  it('makes every operation that needs it answer 503, and is used again when it is back', async () => {
    const { body } = await putRaw(behind.service, freshText())
    await behind.proxy.refuse()
    const attempts = [
      ['PUT', filesPath, freshText()],
      ['GET', filesPath, undefined],
      ['GET', `${filesPath}/${body.id}`, undefined],
      ['GET', `${filesPath}/${body.file_md5}/content`, undefined],
      ['DELETE', `${filesPath}/${body.id}`, undefined],
    ] as const
    for (const [method, path, content] of attempts) {
      const answer = await send(behind.service, path, {
        method,
        ...(content !== undefined && { body: content }),
      })
      expect(answer).toBeProblem(503, 'database-unavailable')
      expect(answer.headers.has('retry-after')).toBe(true)
    }
    expect((await send(behind.service, '/readyz')).status).toBe(503)
    expect((await send(behind.service, '/healthcheck/')).status).toBe(503)
    for (const path of ['/livez', '/', '/openapi.json', `${filesPath}/no-such-form`]) {
      expect((await send(behind.service, path)).status).toBe(path.includes('no-such') ? 404 : 200)
    }
    await behind.proxy.accept()
    expect((await send(behind.service, '/readyz')).status).toBe(200)
    expect((await putRaw(behind.service, freshText())).status).toBe(201)
  })

  it.each([
    ['comes back before the end', true, 201],
    ['stays away', false, 503],
  ])('and goes while a body arrives, harms nothing when it %s', async (_case, comesBack, status) => {
    async function* body() {
      yield Buffer.from(freshText())
      await sleep(200)
      await behind.proxy.refuse()
      yield Buffer.from(freshText())
      if (comesBack) await behind.proxy.accept()
      yield Buffer.alloc(600_000)
    }
    const init = { method: 'PUT', body: ReadableStream.from(body()), duplex: 'half' } as RequestInit
    const answer = await send(behind.service, filesPath, init)
    if (!comesBack) await behind.proxy.accept()
    expect(answer.status).toBe(status)
    if (status === 503) expect(answer).toBeProblem(503, 'database-unavailable')
    expect(await behind.service.violations()).toEqual([])
  })
})

describe('a start while the database is down', () => {
  it('waits for it', async () => {
    const installation = await createInstallation({ postgres: 'shared' })
    const proxy = await startDatabaseProxy()
    try {
      await proxy.refuse()
      const starting = installation.start({ DATABASE_URL: proxy.through(installation.databaseUrl ?? '') })
      await sleep(1500)
      await proxy.accept()
      const service = await starting
      expect((await putRaw(service, freshText())).status).toBe(201)
      expect((await service.stop()).code).toBe(0)
    } finally {
      await installation.remove()
      await proxy.close()
    }
  })
})
