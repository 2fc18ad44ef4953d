import type { components } from '../../../api/openapi.gen.ts'
import { changeFile } from '../../domain/files/changeFile.ts'
import { toMetadata } from '../../domain/values/metadata.ts'
import { invalidProperties } from '../../errors/files.ts'
import { fileWriter, metadataEtag } from '../../http/answers/fileBody.ts'
import { sendJson } from '../../http/answers/json.ts'
import { metadataCondition } from '../../http/answers/metadataCondition.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { parseFuture } from '../../http/fields/expiry.ts'
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
    ...(expires_at !== undefined && {
      expiresAt: expires_at === null ? null : parseFuture(expires_at, Date.now() / 1000),
    }),
    ...(owner !== undefined && { owner }),
  }
}
