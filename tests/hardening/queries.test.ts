import { beforeAll, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { sendRaw } from '../support/sendRaw.ts'

describeService('a query', (service) => {
  let file: FileBody
  beforeAll(async () => {
    file = (await upload(service, 'the bytes of the file', { name: '100%_[a].txt' })).body
  })

  const cursor = (...value: unknown[]) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const id = '0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11'

  it.each([
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=1.5',
    'limit=',
    'limit=NaN',
    'limit=0x10',
    'limit=0b11',
    'limit=0o7',
    'limit=%2B5',
    'limit=+5',
    'limit=1e2',
    'limit=5.0',
    'limit=5.',
    'limit=.5e1',
    'limit=%205',
    'limit=5%0A',
    'limit=5%20',
    'limit=5_0',
    'limit=true',
    'min_size=0x0',
    'min_size=1e3',
    'max_size=%2B1',
    'max_size=1e3',
    'limit=Infinity',
    'limit=-Infinity',
    'limit=1e400',
    'limit=10&limit=Infinity',
    'max_size=Infinity',
    'min_size=-1e999',
    'limit=99999999999999999999',
    'limit=10&limit=20',
    'limit[]=10',
    'limit[$gt]=10',
    'limit%5B%5D=10',
    'limit%5b$gt]=10',
    'name[toString]=1',
    'name[__proto__]=1',
    'name]=1',
    '[name]=a',
    'Limit=10',
    'cursor=',
    'cursor=a&cursor=b',
    'cursor=hello',
    `cursor=${cursor('created_at', true, '2026-99-99T00:00:00.000Z', id)}`,
    `cursor=${cursor('created_at', true, '2026-01-01T00:00:00.000Z', '-'.repeat(36))}`,
    `cursor=${cursor('file_name', true, 'a', id)}`,
    `sort=file_name&cursor=${cursor('file_name', false, 'a\0', id)}`,
    `sort=file_size&cursor=${cursor('file_size', false, '1; drop table files', id)}`,
    `cursor=${'a'.repeat(2049)}`,
    'name=',
    'name=%00',
    `name=${'a'.repeat(256)}`,
    'name=a&name=b',
    'type=image',
    'type=*/*',
    'type=image/%25',
    "type=image/'",
    'min_size=-1',
    'min_size=9007199254740992',
    'max_size=abc',
    'created_after=yesterday',
    'created_after=2026-01-01',
    'created_after=2026-13-01T00:00:00Z',
    'created_after=2026-02-30T00:00:00Z',
    'created_before=infinity',
    'created_before=2026-01-01T00:00:00',
    'status=gone',
    'status=stored&deleted=true',
    'sort=id',
    'sort=created_at;drop%20table%20files',
    'sort=--created_at',
    'sort=created_at,file_name',
    'deleted=1',
    'deleted=TRUE',
    'count=yes',
    'bucket=../x',
    'bucket=default&bucket=other',
    'unknown=1',
    '__proto__=1',
    '__proto__[limit]=1',
    'constructor=1',
    'hasOwnProperty=1',
    '=1',
    'limit',
  ])('of %s is refused', async (query) => {
    expect(await sendRaw(service, 'GET', `${filesPath}?${query}`)).toBeProblem(400)
  })

  it.each([
    ['nothing', '', true],
    ['only separators', '&&&', true],
    ['a percent', 'name=100%25', true],
    ['an underscore that is no wildcard', 'name=00_', false],
    ['a percent that is no wildcard', 'name=1%25t', false],
    ['a wildcard of a file system', 'name=*', false],
    ['brackets', 'name=[A]', true],
    ['a word that is a number elsewhere', 'name=Infinity', false],
    ['a backslash', 'name=%5C', false],
    ['a quote', "name='", false],
    ['an injection', "name=' or 1=1 --", false],
    ['half a surrogate pair', 'name=%ed%a0%80', false],
    ['bytes that are no text', 'name=%ff', false],
    ['the first year', 'created_after=0001-01-01T00:00:00Z', true],
    ['no year at all', 'created_after=0000-01-01T00:00:00Z', true],
    ['the last year', 'created_after=9999-12-31T23:59:59Z', false],
    ['a distant zone', 'created_before=9999-12-31T23:59:59-23:59', true],
    ['a fraction of a second', 'created_after=2020-01-01T00:00:00.123456789Z', true],
    ['the largest size', 'max_size=9007199254740991', true],
    ['sizes the wrong way round', 'min_size=5&max_size=4', false],
    ['a plus', 'sort=+created_at', undefined],
  ])('of %s finds what it says', async (_case, query, found) => {
    const answer = await sendRaw(service, 'GET', `${filesPath}?${query.replaceAll(' ', '%20')}`)
    if (found === undefined) return void expect(answer).toBeProblem(400)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual(found ? [file] : [])
  })

  it.each([
    'expires_in=Infinity',
    'expires_in=1e400',
    'expires_in=0',
    'expires_in=0x10',
    'expires_in=%2B60',
    'expires_in=6e1',
    'file_name[toString]=a',
    'metadata[a]=1',
  ])('of %s stores no file', async (query) => {
    const refused = await sendRaw(service, 'PUT', `${filesPath}?${query}`, {}, `bytes with ${query}`)
    expect(refused).toBeProblem(400)
    expect((await send(service, filesPath)).body).toEqual([file])
  })

  it.each([
    ['the buckets', '/buckets?limit=0x10'],
    ['a link', `${filesPath}/${id}/link?expires_in=1e2`],
    ['a link to a name', '/file/default/a.txt?expires_in=%2B5'],
  ])('of %s has to have its numbers in decimal digits', async (_case, target) => {
    expect(await sendRaw(service, 'GET', target)).toBeProblem(400, 'bad-request')
  })

  it.each(['expires_in=0x10', 'expires_in=+60', 'expires_in=6e1', 'expires_in=-1'])(
    'of %s is refused in a form too',
    async (field) => {
      const [name = '', text = ''] = field.split('=')
      expect(await upload(service, `a form with ${field}`, { fields: { [name]: text } })).toBeProblem(400)
    },
  )

  it('says which parameter is no number, and what it must be', async () => {
    const { body } = await sendRaw(service, 'GET', `${filesPath}?limit=0x10`)
    const detail = 'must be a whole number in decimal digits'
    expect(body).toMatchObject({ errors: [{ parameter: 'limit', detail }] })
  })

  it('may have its texts in Windows-1252', async () => {
    const put = await sendRaw(
      service,
      'PUT',
      `${filesPath}?bucket=texts&file_name=Z%FCrich%20%80.txt`,
      {},
      'x',
    )
    expect(put).toMatchObject({ status: 201, body: { file_name: 'Zürich €.txt' } })
    const found = await sendRaw(service, 'GET', `${filesPath}?bucket=texts&name=Z%FCRICH`)
    expect(found.body).toEqual([put.body])
    await sendRaw(service, 'PUT', `${filesPath}?bucket=texts&file_name=Z%FCrich%20%80.txt`, {}, 'y')
    const page = await sendRaw(service, 'GET', `${filesPath}?bucket=texts&name=Z%FCRICH&limit=1`)
    const [, next = ''] = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '') ?? []
    expect((await sendRaw(service, 'GET', next)).body).toEqual([put.body])
  })

  it('may be as long as a name is', async () => {
    const name = '日'.repeat(255)
    const answer = await send(service, `${filesPath}?${new URLSearchParams({ name })}`)
    expect([answer.status, answer.body]).toEqual([200, []])
  })
})
