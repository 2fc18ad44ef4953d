import { createHash, createHmac, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { freshText } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { follow, makeBucket, namedLink, putNamed } from '../support/named.ts'
import { sendRaw } from '../support/sendRaw.ts'
import { startService } from '../support/service.ts'

const secrets = ['a secret of thirty-two characters.', 'the one before also is long enough..'] as const
const bucket = 'linked'

describeService('a link', { LINK_SECRETS: secrets.join() }, (service) => {
  beforeAll(async () => {
    await makeBucket(service, bucket, { links: 'service' })
  })

  /** A link of the service to a new file, and the file. */
  async function linked(query = '') {
    const name = `${randomUUID()}.txt`
    const text = freshText()
    await putNamed(service, name, text, { bucket })
    const { body } = await namedLink(service, bucket, name, query)
    return { name, text, link: body.data?.location ?? '' }
  }

  const keyId = (secret: string) =>
    createHash('sha256').update(`upfile key id\0${secret}`).digest('hex').slice(0, 8)

  /** A link with the service's signature for the given values. */
  function signed(path: string, query: string, secret: string = secrets[0], method = 'GET') {
    const target = `${path}?${query}&key_id=${keyId(secret)}`
    const hmac = createHmac('sha256', secret)
    for (const text of ['upfile link 1', method, target])
      hmac.update(`${Buffer.byteLength(text)}:`).update(text)
    return `${target}&signature=${hmac.digest('base64url')}`
  }
  const pathOf = (link: string) => link.split('?', 1)[0] ?? ''
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

  it('signed for another method is none', async () => {
    const { link } = await linked()
    for (const method of ['PUT', 'POST', 'HEAD'])
      expect(
        await follow(service, signed(pathOf(link), `expires=${inSeconds(60)}`, secrets[0], method)),
      ).toBeProblem(403, 'link-invalid')
    expect((await follow(service, signed(pathOf(link), `expires=${inSeconds(60)}`))).status).toBe(200)
  })

  it('is invalid with any character changed, dropped or added', async () => {
    const { link } = await linked('?disposition=inline')
    const characters = fc.constantFrom(...'aZ09-_=&%+./?;', '')
    const place = fc.integer({ min: '/links/'.length, max: link.length - 1 })
    await fc.assert(
      fc.asyncProperty(place, characters, fc.boolean(), async (at, character, replaces) => {
        const changed = link.slice(0, at) + character + link.slice(replaces ? at + 1 : at)
        fc.pre(changed !== link)
        const { status } = await sendRaw(service, 'GET', changed)
        expect([changed, [400, 403, 404].includes(status)]).toEqual([changed, true])
      }),
      { numRuns: 200 },
    )
  })

  const disfigured: Record<string, (link: string) => string> = {
    'another order of parameters': (link) => link.replace(/(expires=\d+)&(key_id=\w+)/, '$2&$1'),
    'a parameter twice': (link) => link.replace(/(expires=\d+)/, '$1&$1'),
    'another case of a parameter': (link) => link.replace('expires', 'Expires'),
    'a parameter in another encoding': (link) => link.replace('expires', '%65xpires'),
    'a path in another encoding': (link) => link.replace('.txt?', '%2Etxt?'),
    'a parameter more': (link) => `${link}&x=1`,
    'a parameter more in front': (link) => link.replace('?', '?disposition=inline&'),
    'a wish that was not signed': (link) => `${link}&response-content-type=text/html`,
    'no signature': (link) => link.replace(/&signature=.*/, ''),
    'an empty signature': (link) => link.replace(/signature=.*/, 'signature='),
    'a longer signature': (link) => `${link}A`,
    'no key': (link) => link.replace(/&key_id=\w+/, ''),
    'another key': (link) => link.replace(/key_id=\w+/, 'key_id=00000000'),
    'no time': (link) => link.replace(/expires=\d+&/, ''),
    'another time': (link) => link.replace(/expires=\d+/, `expires=${inSeconds(600_000)}`),
    'a slash at the end of its path': (link) => link.replace('?', '/?'),
    'semicolons for ampersands': (link) => link.replaceAll('&', ';'),
    'another file': (link) => link.replace(/links\/[^/]+/, `links/${randomUUID()}`),
    'another name': (link) => link.replace(/\.txt\?/, '.html?'),
  }
  it.each(Object.entries(disfigured))('with %s is invalid', async (_case, change) => {
    const { link } = await linked()
    expect(change(link)).not.toBe(link)
    expect([400, 403]).toContain((await sendRaw(service, 'GET', change(link))).status)
    expect((await follow(service, link)).status).toBe(200)
  })

  it.each([
    ['a second ago', () => inSeconds(-1), 'link-expired'],
    ['now', () => inSeconds(0), 'link-expired'],
    ['in milliseconds', () => Date.now() + 60_000, 'link-invalid'],
    ['later than any link may last', () => inSeconds(604_800 + 60), 'link-invalid'],
    ['never', () => 9_999_999_999, 'link-invalid'],
    ['NaN', () => 'NaN', 'link-invalid'],
    ['1e99', () => '1e99', 'link-invalid'],
    ['a negative time', () => -inSeconds(60), 'link-invalid'],
    ['a hexadecimal time', () => `0x${inSeconds(60).toString(16)}`, 'link-invalid'],
    ['a fraction', () => `${inSeconds(60)}.5`, 'link-invalid'],
    ['nothing', () => '', 'link-invalid'],
  ])('that is signed to expire %s is refused', async (_case, expires, code) => {
    const { link } = await linked()
    expect(await follow(service, signed(pathOf(link), `expires=${expires()}`))).toBeProblem(403, code)
  })

  it('tells clients of S3 in their words that it has expired', async () => {
    const { link } = await linked()
    const answer = await follow(service, signed(pathOf(link), `expires=${inSeconds(-9)}`))
    expect(answer.bytes.toString()).toContain('<Message>Request has expired</Message>')
  })

  it('lasts as long as was asked for, by the clock of the database', async () => {
    const { link } = await linked('?expires_in=2')
    expect((await follow(service, link)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect(await follow(service, link)).toBeProblem(403, 'link-expired')
  })

  it.each(['0', '-1', '604801', '1.5', 'NaN', '1e99', 'x', ''])(
    'cannot be had for %s seconds',
    async (seconds) => {
      const { name } = await linked()
      expect(await namedLink(service, bucket, name, `?expires_in=${seconds}`)).toBeProblem(400)
    },
  )

  it('of the secret before is good until that is forgotten', async () => {
    const { link, text } = await linked()
    const old = signed(pathOf(link), `expires=${inSeconds(60)}`, secrets[1])
    expect((await follow(service, old)).bytes.toString()).toBe(text)
    const unknown = signed(pathOf(link), `expires=${inSeconds(60)}`, 'a secret that was never one here..')
    expect(await follow(service, unknown)).toBeProblem(403, 'link-invalid')
    expect(link).toContain(`key_id=${keyId(secrets[0])}`)
  })

  it('is in no log', async () => {
    const { link } = await linked()
    const signature = link.split('signature=')[1] ?? 'none'
    await follow(service, link)
    await follow(service, `${link}x`)
    const log = await readFile(join(service.logDirectory, 'debug.log'), 'utf8')
    expect(log).toContain(pathOf(link))
    expect(log).not.toContain(signature)
  })

  describe('the secret of links', () => {
    it('is the same in all processes of an installation when none is set', async () => {
      const one = await startService()
      const { database, storage } = one.deps.config
      const another = await startService({
        DATABASE_URL: database.kind === 'url' ? database.url : '',
        DATA_DIR: one.dataDirectory,
        ...(storage.kind === 's3' && { AWS_S3_PREFIX: storage.prefix }),
      })
      await makeBucket(one, bucket, { links: 'service' })
      const { body } = await putNamed(one, 'a.txt', 'hello', { bucket })
      expect((await follow(another, body.data?.location)).bytes.toString()).toBe('hello')
      await another.stop()
      await one.stop()
    })

    it.each([
      ['a short one', 'too short'],
      ['three', [...secrets, 'a third one which is long enough'].join()],
      ['one twice', `${secrets[0]},${secrets[0]}`],
    ])('cannot be %s', async (_case, LINK_SECRETS) => {
      const refusal = startService({ LINK_SECRETS }).then(
        () => 'started',
        (error: Error) => error.message,
      )
      expect(await refusal).toMatch(/LINK_SECRETS must be/)
      expect(await refusal).not.toContain(secrets[0])
    })
  })
})
