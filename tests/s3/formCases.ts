import { createHmac } from 'node:crypto'
import { createPresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { createTestClient, type S3Case, type S3UnderTest } from '../support/s3UnderTest.ts'

type Fields = Record<string, string>

interface Form {
  readonly conditions?: PresignedPostOptions['Conditions']
  readonly signedFields?: Fields
  readonly seconds?: number
  readonly change?: (fields: Fields, s3: S3UnderTest) => Fields
  readonly file?: string | undefined
}

/** Sends a form as a browser does that was given its fields. */
export async function sendForm(
  s3: S3UnderTest,
  Key: string,
  {
    conditions = [['content-length-range', 1, 5]],
    signedFields = {},
    seconds = 60,
    change = (fields) => fields,
    file = 'hello',
  }: Form,
): Promise<Response> {
  const client = createTestClient(s3.place)
  const { url, fields } = await createPresignedPost(client, {
    ...{
      Bucket: s3.s3Bucket,
      Key,
      Conditions: [...(conditions ?? [])],
      Fields: signedFields,
      Expires: seconds,
    },
  }).finally(() => client.destroy())
  const form = new FormData()
  for (const [name, value] of Object.entries(change(fields, s3))) form.append(name, value)
  if (file !== '') form.append('file', new File([file], 'name.txt', { type: 'text/plain' }))
  return await fetch(url, { method: 'POST', body: form })
}

const sent =
  (form: Form): S3Case['when'] =>
  (s3, key) =>
    sendForm(s3, key, form)

const without = (name: string) => (fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name))

/** Signs another policy in the place of the one that was given. */
const resigned =
  (change: (policy: { conditions: unknown[]; expiration: string }) => unknown) =>
  (fields: Fields, { place }: S3UnderTest): Fields => {
    const policy = change(JSON.parse(Buffer.from(fields.Policy ?? '', 'base64').toString()))
    const Policy = Buffer.from(typeof policy === 'string' ? policy : JSON.stringify(policy)).toString(
      'base64',
    )
    const [, day = '', region = ''] = fields['X-Amz-Credential']?.split('/') ?? []
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
    const secret = `AWS4${place.credentials?.secretAccessKey}`
    const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, secret)
    return { ...fields, Policy, 'X-Amz-Signature': hmac(key, Policy).toString('hex') }
  }

const denied = '403 AccessDenied'
const ofType = { 'Content-Type': 'text/plain' }

export const forms: readonly S3Case[] = [
  { what: 'as its policy says', when: sent({}), ends: 'done' },
  { what: 'with as many bytes as allowed', when: sent({ file: 'hello' }), ends: 'done' },
  { what: 'with a byte more than allowed', when: sent({ file: 'hello!' }), ends: '400 EntityTooLarge' },
  {
    what: 'with a byte less than allowed',
    when: sent({ conditions: [['content-length-range', 6, 9]] }),
    ends: '400 EntityTooSmall',
  },
  {
    what: 'without a file',
    when: sent({ file: '' }),
    ends: '400 InvalidArgument',
    differs: { 'radosgw 16': 'done' },
  },
  { what: 'without a key', when: sent({ change: without('key') }), ends: '400 InvalidArgument' },
  {
    what: 'with another key',
    when: sent({ change: (fields) => ({ ...fields, key: `${fields.key}x` }) }),
    ends: denied,
  },
  { what: 'with the type that is signed', when: sent({ signedFields: ofType }), ends: 'done' },
  {
    what: 'with another type than is signed',
    when: sent({ signedFields: ofType, change: (fields) => ({ ...fields, 'Content-Type': 'text/html' }) }),
    ends: denied,
  },
  {
    what: 'without the type that is signed',
    when: sent({ signedFields: ofType, change: without('Content-Type') }),
    ends: denied,
  },
  {
    what: 'with a type that begins as is signed',
    when: sent({
      conditions: [['starts-with', '$Content-Type', 'text/']],
      change: (fields) => ({ 'Content-Type': 'text/plain', ...fields }),
    }),
    ends: 'done',
  },
  {
    what: 'with a type that begins otherwise',
    when: sent({
      conditions: [['starts-with', '$Content-Type', 'text/']],
      change: (fields) => ({ 'Content-Type': 'image/png', ...fields }),
    }),
    ends: denied,
  },
  {
    what: 'with metadata that no condition names',
    when: sent({ change: (fields) => ({ ...fields, 'x-amz-meta-a': 'b' }) }),
    ends: denied,
  },
  {
    what: 'with a redirection that no condition names',
    when: sent({ change: (fields) => ({ ...fields, success_action_redirect: 'http://127.0.0.1:1/' }) }),
    ends: denied,
  },
  {
    what: 'with a field that is to be ignored',
    when: sent({ change: (fields) => ({ ...fields, 'x-ignore-me': 'b' }) }),
    ends: 'done',
  },
  {
    what: 'with a policy that has expired',
    when: sent({
      change: resigned((policy) => ({ ...policy, expiration: new Date(Date.now() - 1000).toISOString() })),
    }),
    ends: denied,
  },
  {
    what: 'with a policy that was not signed',
    when: sent({
      change: (fields) => ({
        ...fields,
        Policy: Buffer.from('{"expiration":"2999-01-01T00:00:00Z","conditions":[]}').toString('base64'),
      }),
    }),
    ends: '403 SignatureDoesNotMatch',
    differs: { 'radosgw 16': '403 AccessDenied' },
  },
  {
    what: 'with a policy that is none',
    when: sent({ change: resigned(() => '{') }),
    ends: '400 InvalidPolicyDocument',
    differs: { 'radosgw 16': '400 InvalidArgument' },
  },
  { what: 'without a policy', when: sent({ change: without('Policy') }), ends: denied },
  {
    what: 'with a digit of the signature changed',
    when: sent({
      change: (fields) => ({
        ...fields,
        'X-Amz-Signature': (fields['X-Amz-Signature'] ?? '').replace(/.$/, (digit) =>
          digit === '0' ? '1' : '0',
        ),
      }),
    }),
    ends: '403 SignatureDoesNotMatch',
    differs: { 'radosgw 16': '403 AccessDenied' },
  },
]
