import { expect, it } from '@jest/globals'
import { type Answer, download, type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { hostileContents } from './corpus/contents.ts'

describeService('what bytes are decides, not what they are called', (service) => {
  let count = 0
  const allow = '?duplicates=allow'
  /** A file of readable bytes, with the type that its owner gave it. */
  async function fileOfType(type: string): Promise<FileBody> {
    const { body } = await upload(service, `bytes ${++count}`)
    const changed = await send<FileBody>(service, `${filesPath}/${body.id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ file_type: type }),
    })
    expect(changed.body.file_type).toBe(type.toLowerCase())
    return changed.body
  }

  function expectSafe({ headers }: Answer<unknown>) {
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'cache-control': expect.stringMatching(/^private\b/),
    })
  }

  const declarations = [
    'image/png',
    'image/svg+xml;x=y',
    'TEXT/HTML',
    'text/html;charset=utf-7',
    'image/png, text/html',
  ]

  it.each(hostileContents)('$what is stored as $type', async ({ bytes, type }) => {
    const uploads = declarations.flatMap((declared) => [
      upload(service, bytes, { type: declared, name: 'a.png', query: allow }),
      upload(service, bytes, { fields: { file_type: declared }, query: allow }),
      send<FileBody>(service, `${filesPath}${allow}`, {
        method: 'PUT',
        headers: { 'Content-Type': declared },
        body: new Uint8Array(bytes),
      }),
    ])
    const types = (await Promise.all(uploads)).map(({ body }) => body.file_type)
    expect(new Set(types)).toEqual(new Set([type]))
  })

  it.each(hostileContents)('$what is served with nothing that lets it act', async ({ bytes, type }) => {
    const { body } = await upload(service, bytes, { type: 'image/png', query: allow })
    for (const query of ['', '?disposition=inline', '?disposition=attachment']) {
      const answer = await send(service, `${filesPath}/${body.id}/content${query}`)
      expectSafe(answer)
      expect(answer.bytes.equals(bytes)).toBe(true)
      expect(answer.headers.get('content-type')?.split(';')[0]).toBe(type)
      const shown = query === '?disposition=inline' && ['image/png', 'image/gif', 'text/plain'].includes(type)
      expect(answer.headers.get('content-disposition')).toMatch(shown ? /^inline;/ : /^attachment;/)
    }
  })

  it('says the same about a part, about nothing new, and without the bytes', async () => {
    const { body } = await upload(service, '<html><script>alert(1)</script>')
    const etag = `"${body.file_hash}"`
    const answers = [
      await download(service, body.id, { method: 'HEAD' }),
      await download(service, body.id, { headers: { Range: 'bytes=6-13' } }),
      await download(service, body.id, { headers: { 'If-None-Match': etag } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 206, 304])
    for (const answer of answers) expectSafe(answer)
  })

  it.each([
    ['an unknown file', '/service/fileupload/x/content', 404],
    ['an unknown address', '/nowhere', 404],
    ['the list', '/service/fileupload', 200],
    ['the contract', '/openapi.yaml', 200],
    ['the page', '/', 200],
    ['its script', '/web/page.js', 200],
    ['the documentation', '/docs', 200],
  ])('lets no browser guess what %s is', async (_what, path, status) => {
    const answer = await send(service, path, { headers: { Accept: '*/*' } })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it.each([
    ['image/png', true],
    ['image/jpeg', true],
    ['image/gif', true],
    ['image/webp', true],
    ['image/avif', true],
    ['text/plain', true],
    ['video/mp4', true],
    ['video/webm', true],
    ['audio/mpeg', true],
    ['IMAGE/PNG', true],
    ['audio/mp4', true],
    ['audio/x-m4a', true],
    ['audio/vnd.wave', true],
    ['video/x-m4v', true],
    ['text/html', false],
    ['application/xhtml+xml', false],
    ['image/svg+xml', false],
    ['application/xml', false],
    ['text/xml', false],
    ['application/pdf', false],
    ['text/css', false],
    ['text/javascript', false],
    ['multipart/x-mixed-replace', false],
    ['message/rfc822', false],
    ['application/octet-stream', false],
    ['image/pngx', false],
    ['text/plainx', false],
  ])('%s is shown inline when that is asked for: %s', async (type, shown) => {
    const { id } = await fileOfType(type)
    const asked = await send(service, `${filesPath}/${id}/content?disposition=inline`)
    expect(asked.headers.get('content-disposition')).toMatch(shown ? /^inline;/ : /^attachment;/)
    expect((await download(service, id)).headers.get('content-disposition')).toMatch(/^attachment;/)
    expectSafe(asked)
  })

  it.each([
    'text/javascript',
    'application/javascript',
    'application/x-javascript',
    'text/ecmascript',
    'text/javascript1.5',
    'text/jscript',
    'text/livescript',
  ])('%s is sent as plain text, so that no page of this origin can run it', async (type) => {
    const { id } = await fileOfType(type)
    expect((await download(service, id)).headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })

  it.each(['disposition=', 'disposition=evil', 'disposition=inline&disposition=attachment'])(
    'the query %s is refused',
    async (query) => {
      const { id } = await fileOfType('image/png')
      expect(await send(service, `${filesPath}/${id}/content?${query}`)).toBeProblem(400)
    },
  )

  it.each([
    'response-content-type=text/html',
    'response-content-disposition=inline',
    'type=text/html',
    'filename=a.html',
    'disposition[]=inline',
  ])('the query %s cannot change what is said about a file', async (query) => {
    const { id } = await fileOfType('image/png')
    const said = async (query: string) => {
      const { status, headers } = await send(service, `${filesPath}/${id}/content${query}`)
      return [status, headers.get('content-type'), headers.get('content-disposition')]
    }
    expect(await said(`?${query}`)).toEqual(await said(''))
  })

  it.each([
    'text/html; charset=utf-7',
    'text/html\r\nX: y',
    'text',
    '',
    'a/b/c',
    'text/ht ml',
    'text/html,image/png',
  ])('the type %j cannot be given to a file', async (type) => {
    const { body } = await upload(service, `bytes ${++count}`)
    const refused = await send(service, `${filesPath}/${body.id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ file_type: type }),
    })
    expect(refused).toBeProblem(400)
  })
})
