import { describe, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'

describeService('names in headers', (service) => {
  let count = 0
  const newBytes = () => `These are the bytes of file ${++count}.`
  const put = (query: Record<string, string>, headers: Record<string, string> = {}) =>
    send<FileBody>(service, `${filesPath}?${new URLSearchParams(query)}`, {
      method: 'PUT',
      body: newBytes(),
      headers,
    })
  const update = (id: string, name: string) =>
    send<FileBody>(service, `${filesPath}/${id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ file_name: name }),
    })

  describe('A6', () => {
    const form = (disposition: string) =>
      send<FileBody>(service, filesPath, {
        method: 'POST',
        headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
        body: Buffer.from(
          `--x\r\nContent-Disposition: ${disposition}\r\n\r\n${newBytes()}\r\n--x--\r\n`,
          'latin1',
        ),
      })

    it.each([
      ['percents that are none', `form-data; name="upfile"; filename*=UTF-8''a%zz.txt`],
      ['half a percent', `form-data; name="upfile"; filename*=UTF-8''a%4`],
      ['overlong UTF-8', `form-data; name="upfile"; filename*=UTF-8''%c0%af`],
      ['half a surrogate pair', `form-data; name="upfile"; filename*=UTF-8''%ed%a0%80.txt`],
      ['an unknown charset', `form-data; name="upfile"; filename*=UTF-7''a.txt`],
      ['no charset', `form-data; name="upfile"; filename*=a.txt`],
      ['continuations', `form-data; name="upfile"; filename*0="a"; filename*1="b"`],
      ['no filename', `form-data; name="upfile"`],
      ['two filenames', `form-data; name="upfile"; filename="a"; filename="b"`],
      ['an open quote', `form-data; name="upfile"; filename="a`],
    ])('a part with %s is refused, never silently without its file', async (_case, disposition) => {
      expect(await form(disposition)).toBeProblem(400)
    })

    it.each([
      ['CR and LF', `form-data; name="upfile"; filename*=UTF-8''a%0D%0AX:%20y`, 'a__X: y'],
      ['UTF-8', `form-data; name="upfile"; filename="x"; filename*=UTF-8''%E6%97%A5.txt`, '日.txt'],
      ['Latin-1', `form-data; name="upfile"; filename*=ISO-8859-1'en'na%EFve.txt`, 'naïve.txt'],
      ['a way up', `form-data; name="upfile"; filename*=UTF-8''..%2F..%2Fescaped`, 'escaped'],
    ])('a filename* with %s is read as RFC 8187 says', async (_case, disposition, name) => {
      expect((await form(disposition)).body.file_name).toBe(name)
    })

    it.each([
      ['escaped quotes', 'form-data; name="upfile"; filename="a\\"b\\".txt"', 'a"b".txt'],
      ['quotes in percents', 'form-data; name="upfile"; filename="a%22b%22.txt"', 'a"b".txt'],
      ['a backslash at its end', 'form-data; name="upfile"; filename="a\\"', 'unnamed'],
      ['bytes that are no UTF-8', 'form-data; name="upfile"; filename="a\xffb.txt"', 'a\ufffdb.txt'],
      [
        'an overlong slash',
        'form-data; name="upfile"; filename="..\xc0\xafescaped"',
        '..\ufffd\ufffdescaped',
      ],
    ])('a filename with %s is taken', async (_case, disposition, name) => {
      expect((await form(disposition)).body.file_name).toBe(name)
    })
  })

  describe('A7', () => {
    const asLatin1 = (text: string) => Buffer.from(text).toString('latin1')

    it.each([
      ['UTF-8', asLatin1('attachment; filename="日本語.txt"'), '日本語.txt'],
      ['Latin-1', 'attachment; filename="na\xefve.txt"', 'naïve.txt'],
      ['an ext-value', `attachment; filename="x"; filename*=UTF-8''%E6%97%A5.txt`, '日.txt'],
      ['a way up', 'attachment; filename="../../escaped"', 'escaped'],
      ['nothing', 'attachment', 'unnamed'],
    ])('the Content-Disposition of putFile may name a file in %s', async (_case, header, name) => {
      expect((await put({}, { 'Content-Disposition': header })).body.file_name).toBe(name)
    })

    it.each([`attachment; filename*=UTF-8''%zz`, `attachment; filename="a"; filename*=UTF-7''b`])(
      'the Content-Disposition %s of putFile is refused',
      async (header) => {
        expect(await put({}, { 'Content-Disposition': header })).toBeProblem(400)
      },
    )
  })

  describe('A9', () => {
    it('finds a composed name by a decomposed one', async () => {
      const { body } = await put({ file_name: 'zu\u0308rich.txt' })
      const found = await send<FileBody[]>(
        service,
        `${filesPath}?${new URLSearchParams({ name: 'ZU\u0308RICH' })}`,
      )
      expect(found.body).toEqual([body])
    })

    it('refuses names beyond what the contract takes', async () => {
      expect(await put({ file_name: 'a'.repeat(4097) })).toBeProblem(400)
      const { body } = await put({})
      expect(await update(body.id, 'a'.repeat(4097))).toBeProblem(400)
      expect(await update(body.id, '')).toBeProblem(400)
    })
  })
})
