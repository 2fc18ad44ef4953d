import { loadCleanly } from '../client/client.ts'
import { query } from '../database.ts'
import { family } from '../processes.ts'
import { interleave } from '../rounds.ts'
import type { Server } from '../servers.ts'
import type { Service, Site } from '../site.ts'
import { compare, cpuLine } from '../table.ts'
import { filesPath, type Row } from './row.ts'

const connections = 16
const files = 1000
const timeLimit = 600

export const metadata: Row = {
  id: '4',
  title: 'metadata of a file by its hash',
  async run(site) {
    const { requests, rounds } = site.settings
    const service = await site.startService()
    const hashes = await uploadFiles(service)
    const bare = await startBareRoute(site, service)
    const ids = await query(await service.database(), 'select id from bench.files')

    const get = async ({ port }: Server, paths: readonly string[], count: number) => {
      const work = { kind: 'get', paths } as const
      const { done, seconds } = await loadCleanly({ port, connections, count, seconds: timeLimit, work })
      return done / seconds
    }

    const pairs = [
      { server: service, paths: hashes.map((hash) => `${filesPath}/${hash}`) },
      { server: bare, paths: ids.map(({ id }) => `/files/${id}`) },
    ]
    for (const { server, paths } of pairs) await get(server, paths, 3000)
    const sides = pairs.map(({ server, paths }) => ({ server, work: () => get(server, paths, requests) }))
    const samples = await interleave(rounds, sides)
    const figure = `getFile by hash, ${connections} connections; bare Express route with one query`
    return [
      compare({
        row: metadata.id,
        figure,
        unit: '/s',
        samples,
        target: { atLeast: 0.9 },
        operations: requests,
      }),
      cpuLine({ row: metadata.id, figure: 'getFile', samples, operations: requests, atMost: 200 }),
    ]
  },
}

/** Uploads files of 1 KiB; returns their hashes. */
export async function uploadFiles({ port }: Service): Promise<string[]> {
  const work = { kind: 'upload', path: filesPath, size: 1024, keepBodies: true } as const
  const { bodies } = await loadCleanly({ port, connections, count: files, seconds: timeLimit, work })
  return bodies.map((body) => (JSON.parse(body) as { file_hash: string }).file_hash)
}

/** The bare route reads its own table in the service's PostgreSQL, whose work counts for the side that sends the query. */
async function startBareRoute(site: Site, service: Service): Promise<Server> {
  const address = await service.database()
  await query(
    address,
    'create schema bench',
    `create table bench.files (
      id uuid primary key, bucket text not null, name text not null, media_type text not null, size bigint not null,
      sha256 text not null, sha1 text not null, md5 text not null, metadata jsonb not null default '{}',
      created_at timestamptz not null default now(), updated_at timestamptz not null default now())`,
    `insert into bench.files (id, bucket, name, media_type, size, sha256, sha1, md5)
      select gen_random_uuid(), 'default', 'report-' || n || '.pdf', 'application/pdf', 1024,
        encode(sha256(int4send(n)), 'hex'), left(encode(sha256(int4send(n)), 'hex'), 40), md5(n::text)
      from generate_series(1, ${files}) n`,
    'analyze bench.files',
  )
  const peer = await site.startPeer('bare', JSON.stringify(address))
  const postgres = () => family(service.pid).filter((pid) => pid !== service.pid)
  return { ...peer, pids: () => [...peer.pids(), ...postgres()] }
}
