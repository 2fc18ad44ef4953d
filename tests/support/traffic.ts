import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FileBody, filesPath, send, upload } from './client.ts'
import type { Entry, Ledger } from './ledger.ts'

type Service = { readonly url: string }

export interface Traffic {
  readonly callers: number
  readonly stopped: () => boolean
  /** Bytes that are as good as new. */
  readonly newBytes?: () => Buffer
  /** Above this many files deletions are as frequent as uploads, so that a long run does not fill the storage. */
  readonly plenty?: number
}

export const chance = (percent: number) => randomInt(100) < percent

/** Callers of every kind, at once and without a pause, until the service is gone or `stopped`. */
export async function makeTraffic(
  service: Service,
  ledger: Ledger,
  { callers, stopped, newBytes = smallBytes, plenty = 40 }: Traffic,
): Promise<void> {
  const recent: Buffer[] = []

  async function call(): Promise<void> {
    const stored = ledger.entries.filter(
      (entry) => entry.state === 'stored' && !entry.busy && isSettled(entry),
    )
    const entry = stored[randomInt(Math.max(stored.length, 1))]
    const removal = stored.length > plenty ? 45 : 12
    if (entry && chance(removal)) return await alone(entry, () => ledger.remove(service, entry))
    if (entry && chance(10))
      return await alone(entry, () => ledger.update(service, entry, randomInt(1, 2 ** 31)))
    if (entry && chance(10)) return await alone(entry, () => ledger.check(service, entry))
    const added = addUpload(ledger, recent, newBytes)
    await alone(added, async () => added.send?.(service))
  }

  async function callAgain(): Promise<void> {
    while (!stopped()) {
      try {
        await call()
      } catch {
        ledger.counts.unanswered += 1
        await sleep(50) // until it is known that the service is gone
      }
    }
  }

  await Promise.all(Array.from({ length: callers }, callAgain))
}

/** An upload that is still to be repeated must find its file as it was. */
const isSettled = ({ answered, idempotencyKey }: Entry) => answered || idempotencyKey === undefined

/** Two calls about one file at once would leave open which came first. */
async function alone(entry: Entry, work: () => Promise<void>): Promise<void> {
  entry.busy = true
  await work().finally(() => {
    entry.busy = false
  })
}

function addUpload(ledger: Ledger, recent: Buffer[], newBytes: () => Buffer): Entry {
  const bytes = (chance(25) && recent[randomInt(Math.max(recent.length, 1))]) || newBytes()
  recent.push(bytes)
  if (recent.length > 12) recent.shift()
  const duplicates = chance(40) ? 'allow' : 'refuse'
  const key = chance(35) ? randomUUID() : undefined
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
  const sendIt = chance(50) ? sendForm : sendRaw
  return ledger.add(bytes, key, (service, { name }) => sendIt(service, { bytes, name, duplicates, headers }))
}

const smallBytes = () => randomBytes(chance(10) ? randomInt(70_000, 1_400_000) : randomInt(8192))

interface Sent {
  readonly bytes: Buffer
  readonly name: string
  readonly duplicates: string
  readonly headers: Record<string, string>
}

const sendForm = (service: Service, { bytes, name, duplicates, headers }: Sent) =>
  upload(service, bytes, { name, headers, query: `?duplicates=${duplicates}` })

const sendRaw = (service: Service, { bytes, name, duplicates, headers }: Sent) =>
  send<FileBody>(service, `${filesPath}?file_name=${name}&duplicates=${duplicates}`, {
    method: 'PUT',
    body: new Uint8Array(bytes),
    headers: { ...headers, 'content-type': 'application/octet-stream' },
  })
