import { stringify } from 'node:querystring'
import type { operations } from '../../../api/openapi.gen.ts'
import type { FileFilter } from '../../database/rows/fileFilter.ts'
import { countFiles, estimateFiles, listFileRecords } from '../../database/rows/fileList.ts'
import type { FilePage } from '../../database/rows/filePages.ts'
import type { Deps } from '../../deps.ts'
import { listReach } from '../../domain/access/listReach.ts'
import { queryInvalid } from '../../errors/requests.ts'
import { filesPath, fileWriter } from '../../http/answers/fileBody.ts'
import { sendJson } from '../../http/answers/json.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { formatCursor, parseCursor } from '../../http/fields/cursor.ts'
import { parseTime } from '../../http/fields/parseTime.ts'
import { parseQuery } from '../../http/fields/query.ts'
import type { Reach } from '../../model/actor.ts'
import { defaultBucket } from '../../model/bucket.ts'

type Query = NonNullable<operations['listFiles']['parameters']['query']>

export const listFiles: Operation<'listFiles'> = (deps) => async (req, res) => {
  // A list is of one bucket, also when the request names none.
  const reach = await listReach(deps, actorOf(req), req.query.bucket ?? defaultBucket)
  const page = parsePage(req.query, reach)
  const [{ files, end }, total] = await Promise.all([
    listFileRecords(deps.db, page),
    countWanted(deps, req.query.count, page.filter),
  ])
  if (end) {
    const query = {
      ...parseQuery(req.originalUrl.replace(/^[^?]*\??/, '')),
      cursor: formatCursor(page, end),
    }
    res.set('Link', `<${publicUrl(req, filesPath)}?${stringify(query)}>; rel="next"`)
  }
  if (total !== undefined) res.set('X-Total-Count', String(total))
  res.set('Cache-Control', 'private, no-cache')
  sendJson(res, `[${files.map(fileWriter(req)).join(',')}]`)
}

function parsePage(query: Query, reach: Reach): FilePage {
  const { limit = 100, cursor, sort = '-created_at' } = query
  const descending = sort.startsWith('-')
  const field = (descending ? sort.slice(1) : sort) as FilePage['sort']
  return {
    filter: {
      ...parseFilter(query),
      ...(reach.owner !== undefined && { owner: reach.owner }),
      prefix: reach.prefix === '' ? undefined : reach.prefix,
    },
    sort: field,
    descending,
    limit,
    after: cursor === undefined ? undefined : parseCursor(cursor, { sort: field, descending }),
  }
}

function parseFilter({ bucket = defaultBucket, deleted = false, status, ...query }: Query): FileFilter {
  if (deleted && status === 'stored')
    throw queryInvalid('status', 'must not be "stored" together with deleted=true')
  return {
    bucket,
    deleted: deleted || status === 'deleted',
    name: query.name === undefined ? undefined : parseName(query.name),
    type: query.type,
    owner: query.owner,
    minSize: query.min_size,
    maxSize: query.max_size,
    createdAfter: parseBound('created_after', query.created_after),
    createdBefore: parseBound('created_before', query.created_before),
  }
}

/** Stored names are well-formed and in NFC, so the name to search for is converted in the same way. */
function parseName(text: string): string {
  if (text.includes('\0')) throw queryInvalid('name', 'must not contain U+0000')
  return text.toWellFormed().normalize('NFC')
}

function parseBound(parameter: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = parseTime(text)
  if (!time) throw queryInvalid(parameter, 'must be a time that exists, as in RFC 3339')
  return time
}

async function countWanted(
  { db }: Deps,
  count: Query['count'],
  filter: FileFilter,
): Promise<number | undefined> {
  if (count === 'exact') return await countFiles(db, filter)
  return count === 'estimated' ? await estimateFiles(db, filter) : undefined
}
