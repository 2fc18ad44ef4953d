import { beforeAll, describe, expect, it } from '@jest/globals'
import { type FileBody, filesPath, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { sendRaw } from '../support/sendRaw.ts'

describeService('identifiers', (service) => {
  let file: FileBody
  beforeAll(async () => {
    file = (await upload(service, 'the bytes of the file')).body
  })

  const references = ['id', 'file_hash', 'file_sha1', 'file_md5'] as const
  const pathsOf = (reference: string) => [`${filesPath}/${reference}`, `${filesPath}/${reference}/content`]
  const get = (path: string) => sendRaw(service, 'GET', path)
  const percent = (character: string) => `%${character.charCodeAt(0).toString(16)}`

  describe('what is no id or hash', () => {
    const others = [
      '..%2f..%2fetc%2fpasswd',
      '..%5c..%5cetc',
      '%2e%2e',
      '%2e%2e%2f',
      '....%2f%2f',
      'a%00b',
      '%00',
      '%252e%252e',
      '.volume-id',
      '%20',
      '*',
      '-',
      '0',
      'null',
      'undefined',
      '__proto__',
      'constructor',
      '%27%20or%201=1--',
      '0x0',
      '1e9',
      '00000000000000000000000000000000000000000000000000000000000000000',
      '0b0e4a5c6f0c4c0f9a515f5b7c0d7d1',
      '{0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11}',
      'urn:uuid:0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11',
      '%E6%97%A5',
      '%E2%80%AE',
      'a'.repeat(4000),
    ]

    it.each(others)('is not found: %s', async (reference) => {
      for (const path of pathsOf(reference)) expect(await get(path)).toBeProblem(404)
    })

    it.each(others.slice(0, 8))('cannot be changed or deleted: %s', async (reference) => {
      const path = `${filesPath}/${reference}`
      expect(await sendRaw(service, 'DELETE', path)).toBeProblem(404)
      const body = '{"file_name":"x"}'
      const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }
      expect(await sendRaw(service, 'PUT', path, headers, body)).toBeProblem(404)
    })
  })

  describe('percents that are no text', () => {
    it.each(['%c0%ae', '%ff', '%', '%zz', '%e0%80%af', '%ed%a0%80', 'a%'])(
      'are refused: %s',
      async (reference) => {
        for (const path of pathsOf(reference)) {
          const answer = await get(path)
          expect(answer).toBeProblem(400, 'bad-request')
          expect(answer.body).toMatchObject({ detail: 'The path is not percent-encoded UTF-8.' })
          expect(answer.body).not.toHaveProperty('errors')
        }
      },
    )
  })

  describe('an id or hash', () => {
    it.each(references)('of another spelling than %s is another one, or none', async (name) => {
      const reference = String(file[name])
      const flipped = [...reference].map((character, at) => {
        const other = character === '-' ? '0' : ((Number.parseInt(character, 16) + 1) % 16).toString(16)
        return `${reference.slice(0, at)}${other}${reference.slice(at + 1)}`
      })
      const changed = [
        ...flipped,
        reference.slice(1),
        reference.slice(0, -1),
        `${reference}0`,
        `0${reference}`,
        reference.toUpperCase(),
        `${reference};`,
        `${reference};v=1`,
        `;${reference}`,
        `${reference}%20`,
        `%20${reference}`,
        `${reference}%00`,
        `${reference}%0a`,
        `${reference}.txt`,
        `${reference},`,
        `${reference}%2f`,
        `${reference}%3fbucket=default`,
        percent(reference).replace('%', '%25') + reference.slice(1),
      ].filter((text) => text !== reference)
      for (const text of changed)
        expect([text, (await get(`${filesPath}/${text}`)).status]).toEqual([text, 404])
      expect((await get(`${filesPath}/${reference}`)).body).toEqual(file)
    })

    it.each(references)(
      'of %s means the same with its characters in percents (RFC 3986, 6.2.2.2)',
      async (name) => {
        const encoded = [...String(file[name])].map(percent).join('')
        expect((await get(`${filesPath}/${encoded}`)).body).toEqual(file)
      },
    )

    it.each([
      ['a slash at its end', '/', 200],
      ['two slashes at its end', '//', 404],
      ['an unknown parameter', '?a=b', 400],
      ['an unknown parameter without a value', '?a', 400],
      ['a parameter of a prototype', '?__proto__=1', 400],
      ['its bucket', '?bucket=default', 200],
      ['its bucket in percents', '?%62ucket=def%61ult', 200],
      ['its bucket twice', '?bucket=default&bucket=default', 400],
      ['its bucket as an array', '?bucket[]=default', 400],
      ['its bucket as an object', '?bucket[a]=default', 400],
      ['a bucket in capitals', '?Bucket=default', 400],
      ['a bucket with capitals', '?bucket=Default', 400],
      ['an empty bucket', '?bucket=', 400],
      ['a bucket that is a path', '?bucket=../default', 400],
      ['a bucket with a NUL', '?bucket=default%00', 400],
      ['another bucket', '?bucket=other', 404],
      ['an empty query', '?', 200],
      ['parameters of a path', ';a=b', 404],
    ])('with %s', async (_case, rest, status) => {
      const answer = await get(`${filesPath}/${file.file_hash}${rest}`)
      expect(answer.status).toBe(status)
      if (status >= 400) expect(answer).toBeProblem(status)
    })

    it.each([
      ['a doubled slash', `/${filesPath}/`],
      ['a way around', `/service/./fileupload/`],
      ['a way back', `/service/x/../fileupload/`],
      ['a backslash', `/service\\fileupload\\`],
      ['an encoded slash', `/service%2ffileupload/`],
      ['capitals', `/Service/FileUpload/`],
    ])('is not found by %s', async (_case, base) => {
      expect(await get(`${base}${file.file_hash}`)).toBeProblem(404)
    })
  })
})
