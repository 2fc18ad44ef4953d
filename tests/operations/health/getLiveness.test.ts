import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { without } from '../../support/outage.ts'

describeService('getLiveness', (service) => {
  const ask = (method = 'GET') => send(service, '/livez', { method })

  it('answers OK, which nobody may keep', async () => {
    const { status, headers, body } = await ask()
    expect([status, body]).toEqual([200, { status: 'OK' }])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(await ask('HEAD')).toMatchObject({ status: 200 })
  })

  it.each(['database', 'storage'] as const)('answers OK also without the %s', async (dependency) => {
    await without(dependency, service, async () => {
      expect((await ask()).body).toEqual({ status: 'OK' })
    })
  })

  it('refuses other methods', async () => {
    expect(await ask('DELETE')).toBeProblem(405, 'method-not-allowed')
  })
})
