import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import { download, type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'

let behind: ServiceBehindProxy
beforeAll(async () => {
  behind = await startServiceBehindProxy()
})
afterAll(() => behind.stop())

const filesNamed = async (name: string) =>
  (await send<FileBody[]>(behind.service, `${filesPath}?name=${name}`)).body

describe('a database that goes silent', () => {
  it('keeps nobody waiting for ever, and is used again when it speaks', async () => {
    const { service, proxy } = behind
    const name = randomUUID()
    const text = freshText()
    const change = {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"file_name":"x"}',
    }
    const { body } = await putRaw(service, freshText())
    await Promise.all(Array.from({ length: 12 }, () => putRaw(service, freshText()))) // connections to fall silent
    proxy.stall()
    const answers = await Promise.all([
      putRaw(service, freshText()),
      upload(service, text, { name, headers: { 'idempotency-key': name } }),
      send(service, filesPath),
      send(service, `${filesPath}/${body.id}`),
      download(service, body.id),
      send(service, `${filesPath}/${body.id}`, change),
      send(service, `${filesPath}/${body.id}`, { method: 'DELETE' }),
    ])
    for (const answer of answers) expect(answer).toBeProblem(503)
    expect((await send(service, '/readyz')).status).toBe(503)
    expect((await send(service, '/livez')).status).toBe(200)

    proxy.resume()
    await eventually(async () => expect((await send(service, '/readyz')).status).toBe(200))
    await eventually(async () => expect((await putRaw(service, freshText())).status).toBe(201))
    expect((await filesNamed(name)).length).toBeLessThanOrEqual(1)
    expect(await service.violations()).toEqual([])
  }, 120_000)

  it('in the middle of a COMMIT leaves one file in the end', async () => {
    const { service, proxy } = behind
    const name = randomUUID()
    const text = freshText()
    const headers = { 'idempotency-key': name }
    const caught = proxy.breakAt('commit', 'silence')
    const answer = await upload(service, text, { name, headers })
    await caught
    // Its transaction was given up by PostgreSQL or, with the connection, by the service.
    expect(answer).toBeProblem(503)
    expect((await upload(service, text, { name, headers })).status).toBe(201)
    expect(await filesNamed(name)).toHaveLength(1)
  }, 90_000)
})
