import { expect, it } from '@jest/globals'
import { describeService } from '../../support/describeService.ts'
import { without } from '../../support/outage.ts'

describeService('getLiveness', (service) => {
  it('answers OK, which nobody may keep', async () => {
    const { status, headers, body } = await service.api.get('/livez')
    expect([status, body]).toEqual([200, { status: 'OK' }])
    expect(headers['cache-control']).toBe('no-store')
    await service.api.head('/livez').expect(200)
  })

  it.each(['database', 'storage'] as const)('answers OK also without the %s', async (dependency) => {
    await without(dependency, service, async () => {
      expect((await service.api.get('/livez')).body).toEqual({ status: 'OK' })
    })
  })

  it('refuses other methods', async () => {
    expect(await service.api.delete('/livez')).toBeProblem(405, 'method-not-allowed')
  })
})
