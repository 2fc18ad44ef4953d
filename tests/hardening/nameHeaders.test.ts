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

  const form = (disposition: string) =>
    send<FileBody>(service, filesPath, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: Buffer.from(
        `--x\r\nContent-Disposition: ${disposition}\r\n\r\n${newBytes()}\r\n--x--\r\n`,
        'latin1',
      ),
    })
  const asLatin1 = (text: string) => Buffer.from(text).toString('latin1')

  describe.each([
    ['a part of a form', form],
    [
      'a raw body',
      (disposition: string) =>
        put({}, { 'Content-Disposition': disposition.replace('form-data; name="upfile"', 'attachment') }),
    ],
  ])('the Content-Disposition of %s', (_where, sendWith) => {
    const start = 'form-data; name="upfile"'

    it.each([
      ['CR and LF', `; filename*=UTF-8''a%0D%0AX:%20y`, 'a__X: y'],
      ['UTF-8', `; filename="x"; filename*=UTF-8''%E6%97%A5.txt`, '日.txt'],
      ['Latin-1', `; filename*=ISO-8859-1'en'na%EFve.txt`, 'naïve.txt'],
      ['a way up', `; filename*=UTF-8''..%2F..%2Fescaped`, 'escaped'],
      ['parentheses', `; filename="IMG (1).jpg"; filename*=utf-8''IMG%20(1).jpg`, 'IMG (1).jpg'],
      ['quotes around it', `; filename*="UTF-8''a%20b.txt"`, 'a b.txt'],
      ['a blank', `; filename*=UTF-8''a b.txt`, 'a b.txt'],
    ])('may have a filename* with %s', async (_case, parameters, name) => {
      expect(await sendWith(start + parameters)).toMatchObject({ status: 201, body: { file_name: name } })
    })

    it.each([
      ['escaped quotes', '; filename="a\\"b\\".txt"', 'a"b".txt'],
      ['quotes in percents', '; filename="a%22b%22.txt"', 'a"b".txt'],
      ['quotes that nobody escaped', '; filename="a "b" c.txt"', 'a "b" c.txt'],
      ['a semicolon in quotes', '; filename="a;b.txt"', 'a;b.txt'],
      ['a backslash at its end', '; filename="a\\"', 'unnamed'],
      ['UTF-8', asLatin1('; filename="日本語.txt"'), '日本語.txt'],
      ['Latin-1', '; filename="M\xfcller.txt"', 'Müller.txt'],
      ['Windows-1252', '; filename="5 \x80.txt"', '5 €.txt'],
      ['an overlong slash', '; filename="..\xc0\xafescaped"', '..À¯escaped'],
      ['no quotes', '; filename=a.txt', 'a.txt'],
      ['no quotes around blanks', '; filename=IMG (1).jpg', 'IMG (1).jpg'],
      ['no quotes around UTF-8', asLatin1('; filename=日本語.txt'), '日本語.txt'],
      ['a semicolon behind it', '; filename="a.txt";', 'a.txt'],
      ['a semicolon and blanks behind it', '; filename="a.txt" ; \t', 'a.txt'],
      ['semicolons around it', ';;filename=a.txt;;', 'a.txt'],
      ['blanks around the equals sign', '; filename = "a.txt"', 'a.txt'],
      ['a parameter without a value beside it', '; filename="a.txt"; hidden', 'a.txt'],
      ['a filename* in an unknown charset', `; filename="a.txt"; filename*=UTF-7''b`, 'a.txt'],
      ['a filename* that is cut off', `; filename*=UTF-8''a%4; filename="a.txt"`, 'a.txt'],
      ['a filename* that is no UTF-8', `; filename="a.txt"; filename*=UTF-8''%ff`, 'a.txt'],
      ['an empty filename*', `; filename="a.txt"; filename*=UTF-8''`, 'a.txt'],
    ])('may have a filename with %s', async (_case, parameters, name) => {
      expect(await sendWith(start + parameters)).toMatchObject({ status: 201, body: { file_name: name } })
    })

    it.each([
      ['percents that are none', `; filename*=UTF-8''a%zz.txt`],
      ['half a percent', `; filename*=UTF-8''a%4`],
      ['overlong UTF-8', `; filename*=UTF-8''%c0%af`],
      ['half a surrogate pair', `; filename*=UTF-8''%ed%a0%80.txt`],
      ['an unknown charset', `; filename*=UTF-7''a.txt`],
      ['no charset', `; filename*=a.txt`],
      ['an empty filename beside a filename* that is none', `; filename=""; filename*=UTF-7''a.txt`],
      ['two filenames', `; filename="a"; filename="b"`],
      ['two filenames*', `; filename*=UTF-8''a; filename*=UTF-8''b`],
      ['a filename in a filename', `; filename="a"b; filename="c"`],
      ['two filenames, one without quotes', `; filename=a; FILENAME="b"`],
      ['a parameter that may be in the filename', '; filename="a\\"; x="b"'],
      ['an open quote', `; filename="a`],
      ['a quote in the middle', `; filename=a"b`],
      ['text behind the quotes', `; filename="a" b`],
      ['a parameter without a name', `; filename="a"; ="b"`],
    ])('is refused with %s, never silently without its name', async (_case, parameters) => {
      expect(await sendWith(start + parameters)).toBeProblem(400)
    })
  })

  it.each([
    ['continuations', `form-data; name="upfile"; filename*0="a"; filename*1="b"`],
    ['no filename', `form-data; name="upfile"`],
  ])('a part with %s is refused, never silently without its file', async (_case, disposition) => {
    expect(await form(disposition)).toBeProblem(400)
  })

  it.each([
    ['a way up', 'attachment; filename="../../escaped"', 'escaped'],
    ['nothing', 'attachment', 'unnamed'],
    ['only parameters', 'filename="a.txt"', 'a.txt'],
  ])('the Content-Disposition of putFile may have %s', async (_case, header, name) => {
    expect((await put({}, { 'Content-Disposition': header })).body.file_name).toBe(name)
  })

  describe('the field file_name', () => {
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
