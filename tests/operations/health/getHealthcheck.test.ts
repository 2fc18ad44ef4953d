import { expect, it } from '@jest/globals'
import { describeService } from '../../support/describeService.ts'
import { without } from '../../support/outage.ts'

describeService('getHealthcheck', (service) => {
  it('answers OK while database and storage are usable', async () => {
    const { status, headers, body } = await service.api.get('/healthcheck/')
    expect([status, body]).toEqual([200, { status: 'OK' }])
    expect(headers['cache-control']).toBe('no-store')
    await service.api.head('/healthcheck/').expect(200)
  })

  it('answers also without the slash at the end', async () => {
    expect((await service.api.get('/healthcheck')).body).toEqual({ status: 'OK' })
  })

  it.each(['database', 'storage'] as const)(
    'answers 503 while the %s is not, and OK afterwards',
    async (dependency) => {
      await without(dependency, service, async () => {
        const refused = await service.api.get('/healthcheck/')
        expect(refused).toBeProblem(503, `${dependency}-unavailable`)
        expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
        expect(refused.headers['cache-control']).toBe('no-store')
        expect(JSON.stringify(refused.body)).not.toContain(service.dataDirectory)
        await service.api.head('/healthcheck/').expect(503)
      })
      expect((await service.api.get('/healthcheck/')).body).toEqual({ status: 'OK' })
    },
  )

  it('refuses other methods', async () => {
    expect(await service.api.post('/healthcheck/')).toBeProblem(405, 'method-not-allowed')
  })
})
