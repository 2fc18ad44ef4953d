import { answerXml, contentsOf, type S3Operation } from './call.ts'
import { byBytes, encoder, readMost } from './pages.ts'
import { refusal } from './refusal.ts'
import type { XmlElement } from './xml.ts'

export const listObjects: S3Operation = (call) => {
  const { objects } = contentsOf(call)
  const read = (name: string) => call.query.get(name) ?? ''
  if (read('list-type') !== '2') throw refusal('NotImplemented', 'The double knows ListObjectsV2 alone.')
  const [prefix, delimiter, encode] = [read('prefix'), read('delimiter'), encoder(call)]
  const token = call.query.get('continuation-token')
  const after = token === undefined ? '' : parseToken(token)
  const most = readMost(call, 'max-keys')
  const keys = [...objects.keys()].filter((key) => byBytes(key, read('start-after')) > 0)
  const names = namesBelow(keys, prefix, delimiter).filter((name) => byBytes(name, after) > 0)
  const page = names.slice(0, most)
  const last = page.at(-1)
  const isTruncated = names.length > most && last !== undefined
  const content = page.map((name): XmlElement => {
    const object = objects.get(name)
    if (!object || (delimiter !== '' && name.slice(prefix.length).includes(delimiter)))
      return ['CommonPrefixes', [['Prefix', encode(name)]]]
    return [
      'Contents',
      [
        ['Key', encode(name)],
        ['LastModified', object.modified.toISOString()],
        ['ETag', object.etag],
        ['ChecksumAlgorithm', object.checksum?.algorithm],
        ['Size', object.size],
        ['StorageClass', 'STANDARD'],
      ],
    ]
  })
  return answerXml('ListBucketResult', [
    ['Name', call.s3Bucket],
    ['Prefix', encode(prefix)],
    ['Delimiter', delimiter === '' ? undefined : encode(delimiter)],
    ['StartAfter', call.query.get('start-after')],
    ['ContinuationToken', token],
    ['KeyCount', page.length],
    ['MaxKeys', most],
    ['EncodingType', call.query.get('encoding-type')],
    ['IsTruncated', isTruncated],
    ['NextContinuationToken', isTruncated ? Buffer.from(`${TOKEN}${last}`).toString('base64') : undefined],
    ...content,
  ])
}

const TOKEN = 'after:'

function parseToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString()
  if (!text.startsWith(TOKEN))
    throw refusal('InvalidArgument', 'The continuation token provided is incorrect')
  return text.slice(TOKEN.length)
}

/** Names below a prefix, in their order, with what ends at a delimiter taken together. */
function namesBelow(names: Iterable<string>, prefix: string, delimiter: string): string[] {
  const below = [...names].filter((name) => name.startsWith(prefix))
  const grouped = below.map((name) => {
    const end = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    return end === -1 ? name : name.slice(0, end + delimiter.length)
  })
  return [...new Set(grouped)].sort(byBytes)
}
