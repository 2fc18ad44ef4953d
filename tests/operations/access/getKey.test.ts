import { expect, it } from '@jest/globals'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { describeService } from '../../support/describeService.ts'

describeService('getKey', closed, (service) => {
  it('shows a key without its text', async () => {
    const { key, ...shown } = await makeKey(service, { buckets: ['acme-a'] })
    const answer = await holding(service, rootKey).api.get(`/keys/${shown.id}`)
    expect([answer.status, answer.body]).toEqual([200, shown])
    expect(JSON.stringify(answer)).not.toContain(key.slice(17))
  })

  it.each([
    ['of an unknown key', 'AAAAAAAAAAAA', 404, 'key-not-found'],
    ['of the key of ADMIN_KEYS', rootKey.slice(5, 17), 404, 'key-not-found'],
    ['that is none', 'me', 400, undefined],
    ['that is the text of a key', `${rootKey.slice(0, -6)}000000`, 400, undefined],
  ])('refuses an id %s', async (_case, id, status, code) => {
    expect(await holding(service, rootKey).api.get(`/keys/${id}`)).toBeProblem(status, code)
  })

  it('hides a key outside the reach of the caller as if it were not there', async () => {
    const part = await makeKey(service, { scopes: ['admin'], buckets: ['acme-*'] })
    const { api } = holding(service, part.key)
    await api.get(`/keys/${(await makeKey(service, { buckets: ['acme-a'] })).id}`).expect(200)
    const hidden = await api.get(`/keys/${(await makeKey(service)).id}`)
    const absent = await api.get('/keys/AAAAAAAAAAAA')
    expect(hidden).toBeProblem(404, 'key-not-found')
    expect({ ...hidden.body, request_id: '' }).toEqual({ ...absent.body, request_id: '' })
  })
})
