import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadCleanly } from '../client/client.ts'
import type { Side } from '../rounds.ts'
import type { Server } from '../servers.ts'
import type { Site } from '../site.ts'
import { filesPath, MiB } from './row.ts'

const timeLimit = 1200
const warmUpSize = 16 * MiB

export type UploadPlan = {
  readonly size: number
  readonly atOnce: number
  /** As many as at once, unless it says otherwise. */
  readonly count?: number
  /** Raw bodies, whose peer is tus, instead of forms, whose peer is multer. */
  readonly raw?: boolean
}

/** What upfile is sent, and what its peer. */
const forms = { own: 'upload', peer: 'multer', kind: 'upload', path: filesPath } as const
const rawBodies = { own: 'put', peer: 'tus', kind: 'tus', path: '/files' } as const

/** upfile and a peer, both warm, and on each the same uploads in MiB/s. Nothing is kept between rounds. */
export async function uploadSides(site: Site, plan: UploadPlan, name = 'upfile'): Promise<Side[]> {
  const bodies = plan.raw ? rawBodies : forms
  const service = await site.startService(name)
  const folder = await site.folder(`${bodies.peer}-${name}`)
  const peer = await site.startPeer(bodies.peer, folder)

  let ids: string[] = []
  const deleteFiles = async () => {
    for (const id of ids.splice(0)) await deleteFile(service, id)
  }
  const emptyFolder = async () => {
    for (const name of await readdir(folder)) await rm(join(folder, name))
  }
  const upload = async (server: Server, { size, atOnce, count = atOnce }: UploadPlan) => {
    const own = { kind: bodies.own, path: filesPath }
    const { kind, path } = server === service ? own : bodies
    const work = { kind, path, size, keepBodies: true }
    const job = { port: server.port, connections: atOnce, count, seconds: timeLimit, work }
    const { bodies: answers, done, seconds } = await loadCleanly(job)
    if (server === service) ids = answers.map((body) => idOf(body))
    if (done !== count) throw new Error(`${done} of ${count} uploads ended in time`)
    return (done * size) / MiB / seconds
  }

  const sides = [
    { server: service, work: () => upload(service, plan), tidy: deleteFiles },
    { server: peer, work: () => upload(peer, plan), tidy: emptyFolder },
  ]
  for (const { server, tidy } of sides) {
    await upload(server, { size: warmUpSize, atOnce: 2 })
    await tidy()
  }
  return sides
}

function idOf(body: string): string {
  const { id } = JSON.parse(body) as { id?: unknown }
  if (typeof id !== 'string') throw new Error(`An upload was answered without an id: ${body.slice(0, 200)}`)
  return id
}

async function deleteFile({ port }: Server, id: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${filesPath}/${id}`, { method: 'DELETE' })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`DELETE was answered ${answer.status}: ${text.slice(0, 200)}`)
}
