import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { toDownloadName, toFileName } from '../../src/domain/values/fileNames.ts'
import { fileHeaders } from '../../src/http/send/fileHeaders.ts'
import type { FileRecord } from '../../src/model/file.ts'
import { parseDisposition } from '../support/contentDisposition.ts'
import { anyText } from '../support/property.ts'

const troublesome = [...'/\\.: "\'*?<>|%;=~$`(){}\0\r\n\u202e\u200b\ufeff\ud800\udc00日é\u0301😀aZ0']
const words = [
  'CON',
  'aux',
  'LPT1',
  '..',
  '%2e',
  'a'.repeat(100),
  '日'.repeat(80),
  '. '.repeat(60),
  `CON${' '.repeat(251)}b`,
]

/** Text of any kind, much of it made of what names trip over. */
const anyName = fc.oneof(
  anyText(),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.constantFrom(...troublesome, ...words)).map((pieces) => pieces.join('')),
)

/** The rules among these that a value breaks. Quicker than an `expect` for each of a hundred thousand names. */
const broken = (rules: Readonly<Record<string, boolean>>) =>
  Object.keys(rules).filter((rule) => rules[rule] === false)

function checkMany(rulesOf: (text: string) => Readonly<Record<string, boolean>>) {
  fc.assert(
    fc.property(anyName, (text) => {
      const failed = broken(rulesOf(text))
      if (failed.length > 0) expect(failed).toEqual([])
    }),
    { numRuns: 30_000 },
  )
}

describe('a name of any text', () => {
  it('is stored with 1 to 255 bytes, composed, well-formed, without what disguises it, and once for all', () => {
    checkMany((text) => {
      const name = toFileName(text)
      return {
        'stays as it is': toFileName(name) === name,
        'is not empty': name !== '',
        'has at most 255 bytes': Buffer.byteLength(name) <= 255,
        'is well-formed': name.isWellFormed(),
        'is composed': name.normalize('NFC') === name,
        'has no separator': !/[/\\]/.test(name),
        'has no control': !/\p{Cc}|[\u2028\u2029]/u.test(name),
        'has no bidi control': !/\p{Bidi_Control}/u.test(name),
        'has no invisible character': !/[\u200b\ufeff]/.test(name),
        'is no directory': name !== '.' && name !== '..',
      }
    })
  })

  it('is told to a browser as one name that any file system can hold', () => {
    checkMany((text) => {
      const name = toDownloadName(toFileName(text))
      return {
        'is a name that can be stored': toFileName(name) === name,
        'has no character that a file system refuses': !/[<>:"|?*\\/]/.test(name),
        'begins like a visible file and no option': !/^[.\-~\s]/.test(name),
        'ends with neither dot nor blank': !/[.\s]$/.test(name),
        'is no device': !/^(con|prn|aux|nul|com\d|lpt\d)(\.|\s|$)/i.test(name),
        'stays as it is': toDownloadName(name) === name,
      }
    })
  })

  it('comes back from Content-Disposition as it went in', () => {
    checkMany((text) => {
      const record = {
        name: toFileName(text),
        mediaType: 'image/png',
        hash: '',
        storedAt: '1970-01-01T00:00:00.000Z',
      }
      const delivery = { disposition: 'attachment', visibility: 'private' } as const
      const header = fileHeaders(record as FileRecord, delivery)['Content-Disposition'] ?? ''
      const { type, filename } = parseDisposition(header)
      return {
        'is ASCII without controls': /^[\x20-\x7e]+$/.test(header),
        'is an attachment': type === 'attachment',
        'is the name': filename === toDownloadName(record.name),
      }
    })
  })
})
