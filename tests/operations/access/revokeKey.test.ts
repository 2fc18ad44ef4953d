import { randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, beginMultipart, getStatus, sendAll, sendDirect } from '../../support/api/direct.ts'
import { upload } from '../../support/api/files.ts'
import { closed, holding, makeKey, postKey, rootKey } from '../../support/api/keys.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

describeService('revokeKey', closed, (service) => {
  const revoke = (id: string, query = '', by = rootKey) =>
    holding(service, by).api.delete(`/keys/${id}${query}`)
  const ask = (key: string) => holding(service, key).api.get('/whoami')
  const codeOf = async (key: string) => (await ask(key)).body.code ?? 'good'

  it('ends a key for good: again 204, and it stays revoked since the first time', async () => {
    const { id, key } = await makeKey(service)
    await ask(key).expect(200)
    expect(await revoke(id)).toMatchObject({ status: 204 })
    expect(await ask(key)).toBeProblem(401, 'access-key-revoked')
    const { body } = await holding(service, rootKey).api.get(`/keys/${id}`)
    expect(Date.parse(body.revoked_at)).toBeLessThanOrEqual(Date.now() + 5000)
    expect(await revoke(id)).toMatchObject({ status: 204 })
    expect((await holding(service, rootKey).api.get(`/keys/${id}`)).body).toEqual(body)
  })

  async function family() {
    const admin = { scopes: ['admin'] }
    const parent = await makeKey(service, admin)
    const [child, sibling] = [
      await makeKey(service, admin, parent.key),
      await makeKey(service, {}, parent.key),
    ]
    return { parent, child, sibling, grandchild: await makeKey(service, {}, child.key) }
  }

  it('leaves the keys that the key made, unless it is asked to end them as well, and those that they made', async () => {
    const { parent, child, sibling, grandchild } = await family()
    const codes = () => Promise.all([parent, child, sibling, grandchild].map(({ key }) => codeOf(key)))
    await revoke(parent.id).expect(204)
    expect(await codes()).toEqual(['access-key-revoked', 'good', 'good', 'good'])
    await revoke(parent.id, '?descendants=true').expect(204)
    expect(await codes()).toEqual(Array(4).fill('access-key-revoked'))
  })

  it('ends every key that was made by the revoked one, however many it is making', async () => {
    const maker = await makeKey(service, { scopes: ['admin'] })
    const making = Promise.all(Array.from({ length: 20 }, () => postKey(service, {}, maker.key)))
    await revoke(maker.id, '?descendants=true').expect(204)
    const made = (await making).filter(({ status }) => status === 201)
    for (const { body } of made) expect(await codeOf(body.key)).toBe('access-key-revoked')
  })

  it('ends the uploads that the key announced, and leaves its files and the uploads of others', async () => {
    const { id, key } = await makeKey(service, { scopes: ['write', 'read'] })
    const [own, root] = [holding(service, key), holding(service, rootKey)]
    const file = (await upload(own, randomBytes(20)).expect(201)).body
    const bytes = gif(randomBytes(9).toString('hex'))
    const announced = (await announce(own, bytes, { method: 'PUT' }).expect(200)).body
    const parts = await sendAll(own, [randomBytes(100), randomBytes(100)])
    const foreign = (await beginMultipart(root).expect(200)).body
    await revoke(id).expect(204)
    for (const ended of [announced.key, parts.id]) await getStatus(root, ended).expect(404)
    expect((await sendDirect(root, announced, bytes)).status).toBeGreaterThanOrEqual(400)
    await getStatus(root, foreign.key).expect(200)
    await root.api.get(`/service/fileupload/${file.id}/content`).expect(200)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('is for admins, for keys inside their reach', async () => {
    const part = await makeKey(service, { scopes: ['admin'], buckets: ['acme-*'] })
    const [inside, outside] = [await makeKey(service, { buckets: ['acme-a'] }), await makeKey(service)]
    await revoke(inside.id, '', part.key).expect(204)
    expect(await revoke(outside.id, '', part.key)).toBeProblem(404, 'key-not-found')
    expect(await revoke('AAAAAAAAAAAA')).toBeProblem(404, 'key-not-found')
    expect(await revoke(part.id, '', outside.key)).toBeProblem(403, 'scope-missing')
    expect(await codeOf(outside.key)).toBe('good')
    await revoke(part.id, '', part.key).expect(204) // its own
  })

  it.each(['?descendants=yes', '?descendants=', '?descendant=true'])('refuses %s', async (query) => {
    const { id, key } = await makeKey(service)
    expect(await revoke(id, query)).toBeProblem(400)
    expect(await codeOf(key)).toBe('good')
  })

  it('refuses a condition that cannot hold', async () => {
    const { id, key } = await makeKey(service)
    expect(await revoke(id).set('If-Match', '"1"')).toBeProblem(412)
    expect(await codeOf(key)).toBe('good')
  })
})
