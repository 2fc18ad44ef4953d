import { describe, expect, it } from '@jest/globals'
import { scopes } from '../../../src/model/actor.ts'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { userSettings, withToken } from '../../support/api/users.ts'
import { describeService } from '../../support/describeService.ts'

describe('getWhoami', () => {
  describeService('in a closed service', closed, (service) => {
    it.each([['read'], ['list'], ['write'], ['delete'], ['admin']])(
      'tells a key with %s what it may do',
      async (scope) => {
        const fields = { scopes: [scope], buckets: ['acme-*', 'docs'], prefix: 'x/' }
        const { id, key, expires_at } = await makeKey(service, { ...fields, expires_in: 60 })
        const { status, headers, body } = await holding(service, key).api.get('/whoami')
        expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
        expect(body).toEqual({ actor: `key:${id}`, kind: 'key', ...fields, owner: null, expires_at })
      },
    )

    it('knows the key of ADMIN_KEYS, and no stranger', async () => {
      const everything = {
        kind: 'key',
        scopes: ['admin'],
        buckets: ['*'],
        prefix: '',
        owner: null,
        expires_at: null,
      }
      const { body } = await holding(service, rootKey).api.get('/whoami')
      expect(body).toEqual({ actor: `key:${rootKey.slice(5, 17)}`, ...everything })
      expect(await holding(service).api.get('/whoami')).toBeProblem(401, 'access-key-needed')
    })
  })

  describeService('in a service that takes tokens', userSettings, (service) => {
    it('tells a user, and the holder of a token with scopes, who they are', async () => {
      const exp = Math.floor(Date.now() / 1000) + 60
      const shared = { buckets: ['*'], prefix: '', expires_at: new Date(exp * 1000).toISOString() }
      const user = await withToken(service, { sub: 'anna', exp }).get('/whoami').expect(200)
      const rights = ['read', 'list', 'write', 'delete']
      expect(user.body).toEqual({
        actor: 'user:anna',
        kind: 'user',
        scopes: rights,
        owner: 'anna',
        ...shared,
      })
      const robot = withToken(service, { sub: 'robot', scope: 'upfile:list', exp })
      const { body } = await robot.get('/whoami').expect(200)
      expect(body).toEqual({ actor: 'token:robot', kind: 'key', scopes: ['list'], owner: null, ...shared })
    })
  })

  describeService('in an open service', { AUTH: 'off' }, (service) => {
    it('tells everyone that they may do everything', async () => {
      const { body } = await service.api.get('/whoami').expect(200)
      expect(body).toEqual({
        actor: null,
        kind: 'anyone',
        scopes,
        buckets: ['*'],
        prefix: '',
        owner: null,
        expires_at: null,
      })
    })
  })
})
