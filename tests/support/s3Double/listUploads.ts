import { answerXml, contentsOf, type S3Operation } from './call.ts'
import { uploadOf } from './multipartOperations.ts'
import { byBytes, encoder, readMost } from './pages.ts'
import { refusal } from './refusal.ts'
import type { XmlElement } from './xml.ts'

export const listMultipartUploads: S3Operation = (call) => {
  const read = (name: string) => call.query.get(name) ?? ''
  if (read('delimiter') !== '') throw refusal('NotImplemented', 'The double lists uploads one by one.')
  const [encode, most] = [encoder(call), readMost(call, 'max-uploads')]
  const [keyMarker, idMarker] = [read('key-marker'), read('upload-id-marker')]
  const isAfter = ({ key, id }: { key: string; id: string }) =>
    byBytes(key, keyMarker) > 0 || (key === keyMarker && idMarker !== '' && id > idMarker)
  const uploads = [...contentsOf(call).uploads.values()]
    .filter((upload) => upload.key.startsWith(read('prefix')) && isAfter(upload))
    .sort((one, other) => byBytes(one.key, other.key) || byBytes(one.id, other.id))
  const page = uploads.slice(0, most)
  const last = page.at(-1)
  const isTruncated = uploads.length > most && last !== undefined
  return answerXml('ListMultipartUploadsResult', [
    ['Bucket', call.s3Bucket],
    ['KeyMarker', encode(keyMarker)],
    ['UploadIdMarker', idMarker],
    ['NextKeyMarker', isTruncated ? encode(last.key) : undefined],
    ['NextUploadIdMarker', isTruncated ? last.id : undefined],
    ['Prefix', encode(read('prefix'))],
    ['MaxUploads', most],
    ['IsTruncated', isTruncated],
    ...page.map(
      ({ key, id, begun, checksum }): XmlElement => [
        'Upload',
        [
          ['Key', encode(key)],
          ['UploadId', id],
          ['StorageClass', 'STANDARD'],
          ['Initiated', begun.toISOString()],
          ['ChecksumAlgorithm', checksum?.algorithm],
          ['ChecksumType', checksum?.type],
        ],
      ],
    ),
  ])
}

export const listParts: S3Operation = (call) => {
  const { id, key, parts, checksum } = uploadOf(call)
  const most = readMost(call, 'max-parts')
  const marker = Number(call.query.get('part-number-marker') ?? '0')
  if (!Number.isInteger(marker))
    throw refusal('InvalidArgument', 'Provided part-number-marker not an integer')
  const after = [...parts].filter(([number]) => number > marker).sort(([one], [other]) => one - other)
  const page = after.slice(0, most)
  const isTruncated = after.length > most
  return answerXml('ListPartsResult', [
    ['Bucket', call.s3Bucket],
    ['Key', key],
    ['UploadId', id],
    ['StorageClass', 'STANDARD'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', page.at(-1)?.[0]],
    ['MaxParts', most],
    ['IsTruncated', isTruncated],
    ['ChecksumAlgorithm', checksum?.algorithm],
    ['ChecksumType', checksum?.type],
    ...page.map(
      ([number, part]): XmlElement => [
        'Part',
        [
          ['PartNumber', number],
          ['LastModified', part.modified.toISOString()],
          ['ETag', part.etag],
          ['Size', part.bytes.length],
          ...(part.checksum ? [[`Checksum${part.checksum.algorithm}`, part.checksum.value] as const] : []),
        ],
      ],
    ),
  ])
}
