import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.ts'
import { download } from './rows/download.ts'
import { forms } from './rows/forms.ts'
import { growth } from './rows/growth.ts'
import { idleReaders } from './rows/idleReaders.ts'
import { keys } from './rows/keys.ts'
import { largeOnS3, largeOnVolume } from './rows/large.ts'
import { largeUpload, largeUploadsAtOnce } from './rows/largeUpload.ts'
import { list } from './rows/list.ts'
import { mebibytes } from './rows/mebibytes.ts'
import { metadata } from './rows/metadata.ts'
import { pages } from './rows/pages.ts'
import type { Row } from './rows/row.ts'
import { s3Download } from './rows/s3Download.ts'
import { s3LargeUpload, s3SmallUploads } from './rows/s3Uploads.ts'
import { smallDownloads } from './rows/smallDownloads.ts'
import { smallUploads } from './rows/smallUploads.ts'
import { starting } from './rows/starts.ts'
import { tusUpload } from './rows/tusUpload.ts'
import { workers } from './rows/workers.ts'
import { defaultService, parseSettings, type Settings } from './settings.ts'
import { createSite } from './site.ts'
import { failedLine, type Line, leftOutLine, toMarkdown } from './table.ts'

// npm run bench -- [--quick] [--large] [--only 1,3] [--rounds 5] [--most-files 10000000] [--service src/main.ts]

const rows: readonly Row[] = [
  ...[largeUpload, largeUploadsAtOnce, smallUploads, metadata, download, list],
  ...[s3LargeUpload, s3SmallUploads, s3Download, idleReaders],
  ...[mebibytes, forms, smallDownloads, pages, starting],
  ...[tusUpload, growth, workers, keys],
]

/** Only with --large: they take long, and much of the disk. */
const largeRows: readonly Row[] = [largeOnVolume, largeOnS3]

async function main(): Promise<void> {
  const settings = parseSettings(process.argv.slice(2))
  const lines: Line[] = []
  for (const row of chooseRows(settings)) {
    console.error(`${row.id}: ${row.title}`)
    lines.push(...(await runRow(row, settings)))
  }
  const table = toMarkdown(lines)
  console.log(table)
  const failed = lines.some(({ verdict }) => verdict.startsWith('failed'))
  if (failed) process.exitCode = 1
  // Neither a table that misses rows nor one of another program replaces the results.
  const leftOut = lines.some(({ verdict }) => verdict.startsWith('left out'))
  const complete = !failed && !leftOut && settings.only.length === 0 && settings.service === defaultService
  if (complete) await writeFile(resultsFile, results(table, settings))
}

function chooseRows({ only, large }: Settings): readonly Row[] {
  const all = large ? [...rows, ...largeRows] : rows
  const unknown = only.filter((id) => !all.some((row) => row.id === id))
  if (unknown.length > 0) throw new Error(`There is no row ${unknown}${large ? '' : ' without --large'}`)
  return only.length === 0 ? all : all.filter(({ id }) => only.includes(id))
}

/** A row that fails is a line of the table; the others still run. */
async function runRow(row: Row, settings: Settings): Promise<Line[]> {
  const missing = row.missing?.()
  if (missing !== undefined) return [leftOutLine(row.id, row.title, missing)]
  const site = await createSite(settings)
  const interrupt = () => void site.close().finally(() => process.exit(130))
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    return await row.run(site)
  } catch (error) {
    console.error(error)
    return [failedLine(row.id, row.title, error)]
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    await site.close()
  }
}

const resultsFile = fileURLToPath(new URL('RESULTS.md', import.meta.url))

const results = (table: string, settings: Settings) => `# Bench

${new Date().toISOString().slice(0, 10)}, \`npm run bench${settings.quick ? ' -- --quick' : ''}\`.
${describeMachine(fileURLToPath(new URL('.', import.meta.url)))}.
Medians of ${settings.rounds} rounds, upfile and peer in turn, after a warm-up of both (rows 2 and 11: one round).

${table}

- The client shares the cores with the servers, which are warm and alone on them otherwise.
- A ratio is upfile divided by peer. In row 6 the peer is upfile itself with few files, and a ratio is a cost.
- CPU: user and system time of all processes of a side in one round, upfile / peer. upfile's includes its PostgreSQL;
  so does the bare route's, which asks the same PostgreSQL.
- RSS: of the Node process. "RSS above idle" is the peak of the worst round over what it used just before.
- upfile's uploads are durable (fsync, a committed record) and hashed three times when answered; multer's are neither.
- Row 3 deletes nothing between its rounds on either side. Row 5 reads from the page cache on both.
- Rows 7 to 9 are on a radosgw of one OSD (BlueStore in a file), with tcp_nodelay=1; its CPU time is not in the table.
  lib-storage has 4 parts of 8 MiB at once, as upfile; what the SDK sends it makes itself, so it has no client.
- Row 17: upfile gets a PUT; tus gets one POST with the whole file (creation-with-upload), and keeps what multer keeps.
- Row 18: upfile alone, a service for each number of files, in turn; \`--most-files 10000000\` adds ten million. The files were made
  by SQL and have no bytes, so maintenance had nothing to list or to read; the time of a round is that of an idle second with one.
- Row 19 compares upfile with itself. Its target counts on five cores and more: on fewer, two workers, PostgreSQL and the client
  wait for each other; the last line says what the cores could show.
- Row 20 compares upfile with itself; the key is looked up once a second.
- The rows of row 6 were made by SQL, followed by VACUUM (ANALYZE); latency is the median of up to 200 requests in turn.
`

await main()
