import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import { type FileBody, filesPath, freshText, putRaw, send } from '../support/client.ts'

let behind: ServiceBehindProxy
let kept: FileBody
beforeAll(async () => {
  behind = await startServiceBehindProxy({ DB_POOL_SIZE: '2' })
  kept = (await putRaw(behind.service, freshText())).body
})
afterAll(() => behind.stop())

const getFile = () => send(behind.service, `${filesPath}/${kept.id}`)

/** An upload that has sent only half of its bytes. */
async function beginUpload() {
  const half = Buffer.from(freshText()).subarray(0, 30)
  const req = request(`${behind.service.url}${filesPath}`, { method: 'PUT', agent: false })
  const answered = once(req, 'response')
  req.write(half)
  return {
    hash: createHash('sha256').update(half).update(half).digest('hex'),
    async finish(): Promise<number> {
      req.end(half)
      const [response] = await answered
      response.resume()
      return response.statusCode
    },
  }
}

describe('a pool of two connections', () => {
  it('is all free while 200 uploads are under way', async () => {
    const uploads = await Promise.all(Array.from({ length: 200 }, beginUpload))
    for (let times = 0; times < 20; times++) expect((await getFile()).status).toBe(200)
    const connections = await behind.query(`select state from pg_stat_activity
      where datname = current_database() and application_name = 'upfile'`)
    expect(connections.length).toBeLessThanOrEqual(2)
    expect(connections.filter(({ state }) => state !== 'idle')).toEqual([])

    expect(new Set(await Promise.all(uploads.map(({ finish }) => finish())))).toEqual(new Set([201]))
    for (const { hash } of uploads.slice(0, 10)) {
      expect((await send(behind.service, `${filesPath}/${hash}`)).status).toBe(200)
    }
    expect(await behind.service.violations()).toEqual([])
  })

  it('that are both stuck makes others wait for seconds only, and is whole again when they are given up', async () => {
    const caught = ['from files f', 'from files f'].map((text) => behind.proxy.breakAt(text, 'silence'))
    const stuck = [getFile(), getFile()]
    await Promise.all(caught)
    const others = [getFile(), putRaw(behind.service, freshText()), send(behind.service, filesPath)]
    for (const answer of await Promise.all(others)) expect(answer).toBeProblem(503, 'database-unavailable')
    for (const answer of await Promise.all(stuck)) expect(answer).toBeProblem(503, 'database-unavailable')
    expect((await getFile()).status).toBe(200)
    expect((await putRaw(behind.service, freshText())).status).toBe(201)
  }, 90_000)
})
