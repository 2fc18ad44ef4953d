import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { download, type FileBody, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { field, file, formBody, formRequest } from '../support/rawForm.ts'
import { rawRequest } from '../support/rawRequest.ts'
import { oddForms } from './multipartCorpus.ts'

describeService('A form', (service) => {
  let oracle: Oracle
  beforeAll(async () => {
    oracle = watchService(service)
  })
  afterEach(() => oracle.expectAlive())
  afterAll(() => oracle.expectUnharmed())
  afterAll(async () => {
    oracle.stop()
  })

  it.each(oddForms)('is refused for $name: $status', async ({ request, status }) => {
    expect(await rawRequest(service, request)).toBeProblem(status)
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it('that is refused leaves no file behind', async () => {
    expect((await send(service, filesPath)).body).toEqual([])
  })

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '__proto__[x]',
    'constructor[prototype][x]',
    'a[4294967294]',
    'a[30000000]',
    'unknown',
    'upfile[]',
    `a${'[b]'.repeat(4000)}`,
    'x'.repeat(10_000),
  ])('may have the text %s, which means nothing here', async (name) => {
    const parts = [file(`bytes beside ${name}`), field(name, 'x'), field(name, '{"x":1}')]
    const answer = await rawRequest(service, formRequest(formBody(parts)))
    expect(answer).toMatchObject({ status: 201, body: { file_name: 'a.txt', metadata: {} } })
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it.each([
    'file_name[__proto__][x]',
    'file_name[]',
    'file_name[0]',
    'file_name.x',
    'FILE_NAME',
    'file_name ',
  ])('is refused with the text %s, which looks like a field', async (name) => {
    const parts = [file(`bytes beside ${name}`), field(name, 'x')]
    expect(await rawRequest(service, formRequest(formBody(parts)))).toBeProblem(400, 'form-invalid')
  })

  it.each([
    ['before', [field('bucket', 'before'), field('file_name', 'named.txt'), file('fields first')]],
    ['behind', [file('fields last'), field('bucket', 'behind'), field('file_name', 'named.txt')]],
    ['around', [field('bucket', 'around'), file('fields around'), field('file_name', 'named.txt')]],
  ])('means the same with its fields %s the file', async (bucket, parts) => {
    const { status, body } = await rawRequest(service, formRequest(formBody(parts)))
    expect({ status, body }).toMatchObject({ status: 201, body: { bucket, file_name: 'named.txt' } })
  })

  it.each([
    ['base64', 'c29tZSBieXRlcw=='],
    ['quoted-printable', 'some=20bytes=\r\n'],
    ['7bit', 'bytes \u00e9 of eight bits'],
    ['x-unknown', '\r\n\r\nunknown\r\n'],
  ])('with a Content-Transfer-Encoding of %s is stored as it was sent', async (encoding, bytes) => {
    const part = file(bytes, [`Content-Transfer-Encoding: ${encoding}`])
    const { status, body } = await rawRequest(service, formRequest(formBody([part])))
    expect(status).toBe(201)
    expect((await download(service, (body as FileBody).id)).bytes).toEqual(Buffer.from(bytes))
  })

  it.each([
    ['70 characters', 'b'.repeat(70), 'b'.repeat(70)],
    ['every character there is', `"'()+_,-./:=? b"`, `'()+_,-./:=? b`],
    ['a parameter before it', 'b; charset=utf-8', 'b'],
  ])('may have a boundary of %s', async (name, parameter, boundary) => {
    const type = `Content-Type: multipart/form-data; boundary=${parameter}`
    const answer = await rawRequest(service, formRequest(formBody([file(name)], boundary), [type]))
    expect(answer.status).toBe(201)
  })
})
