import { expect, it } from '@jest/globals'
import { asAdmin, asUser, userSettings } from '../../support/api/users.ts'
import { describeService } from '../../support/describeService.ts'

describeService('USER_RATE', { ...userSettings, USER_RATE: '3' }, (service) => {
  it('limits the requests of each user, and those of no key', async () => {
    const [alice, bob] = [asUser(service, 'alice'), asUser(service, 'bob')]
    const first = await alice.get('/whoami').expect(200)
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"user";q=3;w=60',
      ratelimit: expect.stringMatching(/^"user";r=2;t=\d+$/),
    })
    for (let more = 0; more < 2; more++) await alice.get('/whoami').expect(200)
    const refused = await alice.get('/whoami')
    expect(refused).toBeProblem(429, 'rate-limited')
    expect(refused.body['violated-policies']).toEqual(['user'])
    await bob.get('/whoami').expect(200)
    for (let more = 0; more < 5; more++) await asAdmin(service).get('/whoami').expect(200)
  })
})
