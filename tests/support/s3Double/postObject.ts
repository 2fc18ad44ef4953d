import { answerEmpty, answerXml, contentsOf, type S3Answer, type S3Call } from './call.ts'
import { verifyChecksum } from './checksums.ts'
import { complaintAbout, findKey, type Judge, parseTime } from './credentials.ts'
import { parseForm } from './form.ts'
import { enforcePolicy } from './policy.ts'
import { putObject } from './putOperations.ts'
import { refusal } from './refusal.ts'
import { doesNotMatch } from './signedHeaders.ts'
import { isSame, parseCredential, sign } from './sigV4.ts'

/** Takes the form with which a browser uploads one file: its policy is what was signed. */
export function postObject(call: S3Call, judge: Judge): S3Answer {
  contentsOf(call)
  const { fields, file, fileName } = parseForm(call.body.bytes, call.headers.get('content-type') ?? '')
  const wanted = fields.get('key')
  if (wanted === undefined || wanted === '')
    throw refusal(
      'InvalidArgument',
      "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.",
    )
  verifyPolicy(fields, judge)
  // Conditions are about what was sent, not about what becomes of it.
  const { s3Bucket, now } = call
  enforcePolicy(fields.get('policy') ?? '', { s3Bucket, fields, size: file.length, now })
  const key = wanted.replaceAll('$' + '{filename}', fileName)
  const headers = new Map([...fields].filter(([name]) => !OF_THE_FORM.test(name)))
  const body = { bytes: Buffer.from(file), checksum: verifyChecksum(headers, [file]) }
  const { headers: told } = putObject({ ...call, key, headers, body })
  return answer({ ...call, key }, fields, told)
}

const OF_THE_FORM = /^(?:x-amz-(?:signature|algorithm|credential|date|security-token)|policy|key)$/

function verifyPolicy(fields: ReadonlyMap<string, string>, judge: Judge): void {
  const read = (name: string) => fields.get(name) ?? ''
  if (!fields.has('policy')) throw refusal('AccessDenied', 'Anonymous access is forbidden for this operation')
  const time = read('x-amz-date')
  const scope = parseCredential(read('x-amz-credential'))
  const lacking = ['x-amz-algorithm', 'x-amz-signature'].filter((name) => !fields.has(name))
  if (!scope || !parseTime(time) || lacking.length > 0 || read('x-amz-algorithm') !== 'AWS4-HMAC-SHA256')
    throw refusal(
      'InvalidArgument',
      'Bucket POST must contain x-amz-algorithm, x-amz-credential, x-amz-date and x-amz-signature.',
    )
  const complaint = complaintAbout(scope, judge, time)
  if (complaint !== undefined)
    throw refusal('InvalidArgument', `Error parsing the X-Amz-Credential; ${complaint}`)
  const { secretAccessKey } = findKey(judge, scope.accessKeyId, fields.get('x-amz-security-token'))
  if (!isSame(read('x-amz-signature'), sign(secretAccessKey, scope, read('policy'))))
    throw doesNotMatch('', read('policy'))
}

function answer(
  { s3Bucket, key }: S3Call,
  fields: ReadonlyMap<string, string>,
  told: S3Answer['headers'],
): S3Answer {
  const etag = told.etag ?? ''
  const location = `/${s3Bucket}/${encodeURIComponent(key).replaceAll('%2F', '/')}`
  const redirect = fields.get('success_action_redirect')
  if (redirect !== undefined && URL.canParse(redirect)) {
    const url = new URL(redirect)
    for (const [name, value] of Object.entries({ bucket: s3Bucket, key, etag }))
      url.searchParams.set(name, value)
    return answerEmpty(303, { ...told, location: url.href })
  }
  const status = fields.get('success_action_status')
  if (status !== '201') return answerEmpty(status === '200' ? 200 : 204, { ...told, location })
  return answerXml(
    'PostResponse',
    [
      ['Location', location],
      ['Bucket', s3Bucket],
      ['Key', key],
      ['ETag', etag],
    ],
    { status: 201, headers: { ...told, location } },
  )
}
