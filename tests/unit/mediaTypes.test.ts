import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { detectMediaType } from '../../src/domain/detection/detectMediaType.ts'
import { canonicalType } from '../../src/domain/values/mediaTypeNames.ts'
import { allowsType, parseMediaType } from '../../src/domain/values/mediaTypes.ts'
import { hostileContents } from '../hardening/corpus/contents.ts'
import { fileBytesOf } from '../support/fileBytes.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const detect = (bytes: Buffer, declaredType: string | undefined, name?: string) =>
  detectMediaType(fileBytesOf(bytes), { declaredType, name })
const tar = Buffer.concat([
  latin1('folder/'.repeat(14).padEnd(100, '\0')),
  latin1('0000644\x000000000\x000000000\x0000000000005\x0000000000000\x00        0'.padEnd(157, '\0')),
  latin1('ustar\x0000'.padEnd(255, '\0')),
])

describe('detectMediaType', () => {
  it.each(hostileContents)(
    '$what is $type, whatever picture it is declared to be',
    async ({ bytes, type }) => {
      for (const declared of [
        'image/png',
        'image/svg+xml;x=y',
        'TEXT/HTML',
        'text/html;charset=x',
        '',
        undefined,
      ])
        expect(await detect(bytes, declared)).toBe(type)
    },
  )

  it.each<[string, Buffer, string]>([
    ['a JPEG', latin1('\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01'), 'image/jpeg'],
    ['a ZIP archive', latin1(`PK\x03\x04${'\0'.repeat(40)}`), 'application/zip'],
    ['a gzip archive', latin1('\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03'), 'application/gzip'],
    ['a tar archive whose first name is long', tar, 'application/x-tar'],
    [
      'a Debian package',
      latin1(`!<arch>\ndebian-binary   1700000000  0     0     100644  4         \`\n2.0\n\xfd7`),
      'application/vnd.debian.binary-package',
    ],
    ['an MP4', latin1('\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41'), 'video/mp4'],
    ['a program stream', latin1('\x00\x00\x01\xba\x44\x00\x04\x00'), 'video/mpeg'],
    ['an RTF', latin1('{\\rtf1\\ansi hello}'), 'application/rtf'],
    ['a vCard', latin1('BEGIN:VCARD\r\nVERSION:4.0\r\nEND:VCARD\r\n'), 'text/vcard'],
    ['a text that begins like a bitmap', Buffer.from('BM wäre auch ein Wort.'), 'text/plain'],
    ['a text that begins like a program', Buffer.from('MZ日本語'), 'text/plain'],
    ['a text with a byte order mark', Buffer.from('\ufeffHello'), 'text/plain'],
    ['a text in UTF-16', Buffer.from('\ufeffHello', 'utf16le'), 'text/plain'],
    ['a text that is cut in the middle of a character', Buffer.from('日本').subarray(0, 5), 'text/plain'],
    ['a text in Latin-1', latin1('na\xefve'), 'text/plain'],
    ['a text in Shift JIS', latin1('\x93\xfa\x96\x7b'), 'text/plain'],
    ['a text with a NUL', latin1('a\0b'), 'application/octet-stream'],
  ])('recognises %s', async (_what, head, type) => {
    expect(await detect(head, 'application/json')).toBe(type === 'text/plain' ? 'application/json' : type)
  })

  it.each([
    ['text/csv', 'text/csv'],
    ['TEXT/Markdown; charset=utf-8', 'text/markdown'],
    ['application/json', 'application/json'],
    ['application/geo+json', 'application/geo+json'],
    ['text/html', 'text/plain'],
    ['application/xhtml+xml', 'text/plain'],
    ['image/svg+xml', 'text/plain'],
    ['image/png', 'text/plain'],
    ['text/csv, text/html', 'text/plain'],
    ['multipart/mixed', 'text/plain'],
    ['text', 'text/plain'],
    ['text/csv\0', 'text/plain'],
  ])('believes %s of plain text as %s', async (declared, type) => {
    expect(await detect(Buffer.from('a,b\n1,2\n'), declared)).toBe(type)
  })

  it('gives any bytes a type that a header can carry', async () => {
    const head = fc.uint8Array({ maxLength: 4100, size: 'max' })
    const said = fc.option(fc.string(), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(head, said, said, async (bytes, declared, name) => {
        const type = await detect(Buffer.from(bytes), declared, name)
        expect(parseMediaType(type)).toBe(type)
      }),
    )
  })
})

describe('canonicalType', () => {
  it.each([
    ['audio/x-m4a', 'audio/mp4'],
    ['audio/wav', 'audio/vnd.wave'],
    ['application/x-zip-compressed', 'application/zip'],
    ['text/x-markdown', 'text/markdown'],
    ['video/x-matroska', 'video/matroska'],
    ['image/png', 'image/png'],
    ['constructor', 'constructor'],
  ])('calls %s %s', (type, name) => {
    expect(canonicalType(type)).toBe(name)
    expect(canonicalType(name)).toBe(name)
  })
})

describe('parseMediaType', () => {
  it.each([
    ['image/png', 'image/png'],
    [' IMAGE/PNG ;q=1', 'image/png'],
    ['application/vnd.api+json', 'application/vnd.api+json'],
    ['image', undefined],
    ['image/', undefined],
    ['/png', undefined],
    ['image/png/x', undefined],
    ['image/p ng', undefined],
    ['image/png\r\nX: y', undefined],
    ['bild/größe', undefined],
    [`a/${'b'.repeat(127)}`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j as %j', (text, type) => {
    expect(parseMediaType(text)).toBe(type)
  })
})

describe('allowsType', () => {
  it.each([
    [[], 'image/png', true],
    [['image/png'], 'image/png', true],
    [['image/*'], 'image/png', true],
    [['text/plain', 'image/*'], 'image/png', true],
    [['image/*'], 'text/plain', false],
    [['image/p'], 'image/png', false],
    [['image/*'], 'imagery/png', false],
    [['image/png'], 'image/pngx', false],
    [['audio/x-m4a'], 'audio/mp4', true],
    [['image/jpg'], 'image/jpeg', true],
    [['image/jpeg'], 'image/pjpeg', true],
    [['video/*'], 'image/mj2', true],
  ])('%j holds %s: %s', (allowed, type, expected) => {
    expect(allowsType(allowed, type)).toBe(expected)
  })
})
