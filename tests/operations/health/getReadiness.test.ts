import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { without } from '../../support/outage.ts'

describeService('getReadiness', (service) => {
  const ask = (method = 'GET') => send(service, '/readyz', { method })
  const latency = expect.any(Number)

  it("tells each dependency's state and latency", async () => {
    const { status, headers, body } = await ask()
    expect(status).toBe(200)
    expect(body).toEqual({
      status: 'OK',
      dependencies: {
        database: { status: 'OK', latency_ms: latency },
        storage: { status: 'OK', latency_ms: latency },
      },
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(await ask('HEAD')).toMatchObject({ status: 200 })
  })

  it.each(['database', 'storage'] as const)(
    'names the %s when that is not usable, and recovers',
    async (dependency) => {
      await without(dependency, service, async () => {
        const { status, headers, body } = await ask()
        expect(status).toBe(503)
        expect(headers.get('content-type')).toMatch(/^application\/json/)
        expect(body).toEqual({
          status: 'unavailable',
          dependencies: {
            database: { status: 'OK', latency_ms: latency },
            storage: { status: 'OK', latency_ms: latency },
            [dependency]: { status: 'unavailable', latency_ms: latency },
          },
        })
      })
      expect(await ask()).toMatchObject({ status: 200 })
    },
  )

  it('refuses other methods', async () => {
    expect(await ask('PUT')).toBeProblem(405, 'method-not-allowed')
  })
})
