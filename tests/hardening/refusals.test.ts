import { expect, it } from '@jest/globals'
import { filesPath } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { formBody, formRequest, formType } from '../support/rawForm.ts'
import { rawRequest } from '../support/rawRequest.ts'

describeService('a refusal', (service) => {
  const json = (body: string, ...headers: string[]) =>
    [
      'POST /buckets HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      ...headers,
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n')
  const get = (target: string, method = 'GET') => `${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\n`
  const unixForm = formBody([{ headers: ['Content-Disposition: form-data; name="upfile"'], bytes: 'x' }])
    .toString()
    .replaceAll('\r\n', '\n')
  const part = (disposition: string) => ({
    headers: [`Content-Disposition: form-data; ${disposition}`],
    bytes: 'x',
  })

  it.each<[string, string | Buffer, number, string, RegExp]>([
    [
      'two lengths',
      'PUT / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
      400,
      'bad-request',
      /Duplicate Content-Length/,
    ],
    ['a blank in the address', get('/a b'), 400, 'bad-request', /%20 for a blank/],
    [
      'a length and chunks',
      'PUT / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'bad-request',
      /Transfer-Encoding can't be present with Content-Length/,
    ],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400, 'bad-request', /one line/],
    ['TLS', '\x16\x03\x01\x02', 400, 'bad-request', /http:\/\//],
    ['a tunnel', get('x:443', 'CONNECT'), 405, 'method-not-allowed', /no proxy: use GET/],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 'http-version-not-supported', /HTTP\/1\.1/],
    ['a foreign target', get('http://evil/'), 400, 'bad-request', /no proxy/],
    ['JSON that is too large', json(' '.repeat(200_000)), 413, 'payload-too-large', /at most 102400 bytes/],
    ['JSON that is none', json('{'), 400, 'json-invalid', /no JSON: .*\.$/],
    [
      'an unknown coding of JSON',
      json('{}', 'Content-Encoding: compress'),
      415,
      'unsupported-media-type',
      /gzip, deflate, br or zstd/,
    ],
    ['JSON that is not packed', json('{}', 'Content-Encoding: gzip'), 400, 'bad-request', /not packed as/],
    [
      'JSON that is not packed as br',
      json('{}', 'Content-Encoding: br'),
      400,
      'bad-request',
      /not packed as/,
    ],
    [
      'a packed file',
      formRequest('x', [formType, 'Content-Encoding: gzip']),
      415,
      'encoding-unsupported',
      /as they are/,
    ],
    [
      'a plus in a time',
      get(`${filesPath}?created_after=2026-01-01T00:00:00+02:00`),
      400,
      'bad-request',
      /created_after.*%2B/,
    ],
    ['a form with lines of Unix', formRequest(unixForm), 400, 'form-invalid', /LF alone.*CR LF/],
    [
      'a form of another kind',
      formRequest('x', ['Content-Type: multipart/mixed; boundary=b']),
      415,
      'unsupported-media-type',
      /multipart\/form-data.*curl -F upfile=@name/,
    ],
    [
      'a text instead of a file',
      formRequest(formBody([part('name="upfile"')])),
      400,
      'file-missing',
      /curl -F upfile=@name.*--form-string/,
    ],
    [
      'a filename in pieces',
      formRequest(formBody([part('name="upfile"; filename*0*=UTF-8\'\'a; filename*1=b')])),
      400,
      'form-invalid',
      /pieces.*one filename\*/,
    ],
  ])('of %s says what is wrong and what works', async (_case, request, status, code, detail) => {
    const bytes = typeof request === 'string' ? Buffer.from(request, 'latin1') : request
    const answer = await rawRequest(service, bytes)
    expect(answer).toBeProblem(status, code)
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(detail) })
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
  })
})
