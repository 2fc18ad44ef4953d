import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { without } from '../../support/outage.ts'

describeService('getHealthcheck', (service) => {
  const check = (method = 'GET') => send(service, '/healthcheck/', { method })

  it('answers OK while database and storage are usable', async () => {
    const { status, headers, body } = await check()
    expect([status, body]).toEqual([200, { status: 'OK' }])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(await check('HEAD')).toMatchObject({ status: 200 })
  })

  it('answers also without the slash at the end', async () => {
    expect((await send(service, '/healthcheck')).body).toEqual({ status: 'OK' })
  })

  it.each(['database', 'storage'] as const)(
    'answers 503 while the %s is not, and OK afterwards',
    async (dependency) => {
      await without(dependency, service, async () => {
        const refused = await check()
        expect(refused).toBeProblem(503, `${dependency}-unavailable`)
        expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
        expect(refused.headers.get('cache-control')).toBe('no-store')
        expect(JSON.stringify(refused.body)).not.toContain(service.dataDirectory)
        expect(await check('HEAD')).toMatchObject({ status: 503 })
      })
      expect((await check()).body).toEqual({ status: 'OK' })
    },
  )

  it('refuses other methods', async () => {
    expect(await check('POST')).toBeProblem(405, 'method-not-allowed')
  })
})
