import type { components } from '../../../api/openapi.gen.ts'
import { changeFile } from '../../domain/files/changeFile.ts'
import { toMetadata } from '../../domain/values/metadata.ts'
import { expiryInvalid, invalidProperties } from '../../errors/files.ts'
import { fileWriter, metadataEtag } from '../../http/answers/fileBody.ts'
import { sendJson } from '../../http/answers/json.ts'
import { metadataCondition } from '../../http/answers/metadataCondition.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { parseTime } from '../../http/fields/parseTime.ts'
import { defaultBucket } from '../../model/bucket.ts'
import type { FileChanges } from '../../model/file.ts'

export const updateFile: Operation<'updateFile'> = (deps) => async (req, res) => {
  const target = {
    reference: req.params.file_hash,
    bucket: req.query.bucket ?? defaultBucket,
    condition: metadataCondition(req.headers),
  }
  const file = await changeFile(deps, actorOf(req), target, parseChanges(req.body))
  sendJson(res.status(201).set('ETag', metadataEtag(file)), fileWriter(req)(file))
}

const CHANGEABLE = ['file_name', 'file_type', 'metadata', 'expires_at', 'owner']

function parseChanges(body: components['schemas']['FileChanges']): FileChanges {
  const names = Object.keys(body)
  const unknown = names.filter((name) => !CHANGEABLE.includes(name))
  if (unknown.length > 0)
    throw invalidProperties(`Only these can be changed: ${CHANGEABLE.join(', ')}.`, unknown)
  if (names.length === 0)
    throw invalidProperties(`Name a property to change, of ${CHANGEABLE.join(', ')}.`, [])
  const { file_name, file_type, metadata, expires_at, owner } = body
  return {
    ...(file_name !== undefined && { name: file_name }),
    ...(file_type !== undefined && { mediaType: file_type.toLowerCase() }),
    ...(metadata !== undefined && { metadata: metadata === null ? {} : toMetadata(metadata) }),
    ...(expires_at !== undefined && { expiresAt: expires_at === null ? null : parseExpiry(expires_at) }),
    ...(owner !== undefined && { owner }),
  }
}

/** The latest time that both PostgreSQL and RFC 3339 can express. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

function parseExpiry(text: string): string {
  const time = parseTime(text)
  if (!time || time.getTime() > LATEST)
    throw expiryInvalid('/expires_at', 'must be a time that exists, as in RFC 3339')
  if (time.getTime() <= Date.now()) throw expiryInvalid('/expires_at', 'must be in the future')
  return time.toISOString()
}
