import { expect, it } from '@jest/globals'
import { describeService } from '../../support/describeService.ts'
import { without } from '../../support/outage.ts'

describeService('getReadiness', (service) => {
  const latency = expect.any(Number)

  it("tells each dependency's state and latency", async () => {
    const { headers, body } = await service.api.get('/readyz').expect(200)
    expect(body).toEqual({
      status: 'OK',
      dependencies: {
        database: { status: 'OK', latency_ms: latency },
        storage: { status: 'OK', latency_ms: latency },
      },
    })
    expect(headers['cache-control']).toBe('no-store')
    await service.api.head('/readyz').expect(200)
  })

  it.each(['database', 'storage'] as const)(
    'names the %s when that is not usable, and recovers',
    async (dependency) => {
      await without(dependency, service, async () => {
        const { headers, body } = await service.api.get('/readyz').expect(503)
        expect(headers['content-type']).toMatch(/^application\/json/)
        expect(body).toEqual({
          status: 'unavailable',
          dependencies: {
            database: { status: 'OK', latency_ms: latency },
            storage: { status: 'OK', latency_ms: latency },
            [dependency]: { status: 'unavailable', latency_ms: latency },
          },
        })
      })
      await service.api.get('/readyz').expect(200)
    },
  )

  it('refuses other methods', async () => {
    expect(await service.api.put('/readyz')).toBeProblem(405, 'method-not-allowed')
  })
})
