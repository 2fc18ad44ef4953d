import { CopyObjectCommand } from '@aws-sdk/client-s3'
import { fileNotFound } from '../../errors/files.ts'
import { storageUnavailable } from '../../errors/service.ts'
import { MAX_PARTS } from '../../model/upload.ts'
import type { S3Calls } from './calls.ts'
import { COPY_SECONDS, type RangeCopy, toCopySource } from './copies.ts'
import { isMissing } from './errors.ts'
import type { S3Object, S3Objects } from './objects.ts'
import { createPartTaker, type PartBuffer, type PartBuffers } from './partBuffers.ts'
import { type CompositionStep, lengthOf, planComposition } from './planComposition.ts'
import type { S3Put } from './put.ts'
import { putParts } from './putParts.ts'
import { openS3Object } from './reads.ts'

export interface S3ComposeOptions {
  readonly calls: S3Calls
  readonly objects: S3Objects
  readonly put: S3Put
  readonly buffers: PartBuffers
  /** Whether clients can write the object with this name themselves. */
  mayChange(name: string): boolean
}

const MEBIBYTE = 2 ** 20
/** S3 refuses smaller parts, except the last. */
const LEAST_PART_BYTES = 5 * MEBIBYTE
/** CopyObject takes no larger source. */
const MOST_COPIED_AT_ONCE = 5 * 2 ** 30
/** S3 allows 5 GiB. A smaller part is copied, and after a failure copied again, in less time. */
const COPIED_PART_BYTES = 2 ** 30
const COPIES_AT_ONCE = 4
const HEADS_AT_ONCE = 16

/**
 * Makes one object of others, under a name that is used once. S3 itself copies a single source. No caller passes several sources
 * yet. Two will: processing after an upload, and resumable uploads that join bytes in S3. Throws
 * `file-not-found` when a source is missing, and what the SDK throws; an unfinished upload stays for the sweeper.
 */
export async function composeS3(options: S3ComposeOptions, name: string, parts: readonly string[]) {
  const sources = (await describeAll(options.objects, parts)).filter(({ size }) => size > 0)
  const [only] = sources
  try {
    if (!only) return await options.put(name, Buffer.alloc(0))
    if (sources.length === 1 && only.size <= MOST_COPIED_AT_ONCE) return await copyWhole(options, name, only)
    await putTogether(options, name, sources)
  } catch (error) {
    // Some servers answer the same for a missing source and a missing upload: look at the sources again.
    if (isMissing(error)) await describeAll(options.objects, parts)
    throw error
  }
}

async function describeAll({ describe }: S3Objects, names: readonly string[]): Promise<S3Object[]> {
  const described: S3Object[] = []
  const queue = names.entries()
  const next = async () => {
    for (const [index, name] of queue) {
      const found = await describe(name)
      if (!found) throw fileNotFound()
      described[index] = found
    }
  }
  await Promise.all(Array.from({ length: HEADS_AT_ONCE }, next))
  return described
}

async function copyWhole(options: S3ComposeOptions, name: string, source: S3Object) {
  const { calls, objects } = options
  await objects.insistOnUnused(name)
  const command = new CopyObjectCommand({
    ...{ Bucket: calls.s3Bucket, Key: name, ...toCopySource(calls, source) },
    // A client may have given the source headers and tags that no download should have.
    ...{ MetadataDirective: 'REPLACE', TaggingDirective: 'REPLACE' },
  })
  await objects.settle(name, source.size, () => calls.sendPatiently(command, { extraSeconds: COPY_SECONDS }))
  await insistOnSame(options, [source]).catch(async (error: unknown) => {
    await objects.remove(name) // no file refers to it yet
    throw error
  })
}

/** Asks again for sources that clients may have changed: some servers (radosgw) ignore the condition of a copy. */
async function insistOnSame({ objects, mayChange }: S3ComposeOptions, sources: readonly S3Object[]) {
  const names = sources.map(({ name }) => name).filter(mayChange)
  const etags = new Map((await describeAll(objects, names)).map(({ name, etag }) => [name, etag]))
  for (const { name, etag } of sources)
    if (mayChange(name) && etags.get(name) !== etag) throw new Error(`${name} was written anew meanwhile`)
}

async function putTogether(options: S3ComposeOptions, name: string, sources: readonly S3Object[]) {
  const { calls, objects, put, buffers } = options
  const total = sources.reduce((sum, { size }) => sum + size, 0)
  const steps = planComposition(
    sources.map(({ size }) => size),
    {
      least: Math.min(buffers.partBytes, Math.max(LEAST_PART_BYTES, Math.ceil(total / MAX_PARTS))),
      mostRead: buffers.partBytes,
      mostCopied: COPIED_PART_BYTES,
    },
  )
  if (steps.length > MAX_PARTS)
    throw storageUnavailable(new Error(`${total} bytes need more parts: raise AWS_S3_PART_SIZE`))
  const parts = readSteps(options, sources, steps)
  if (steps.length > 1)
    return await putParts(calls, objects, { name, parts, confirm: () => insistOnSame(options, sources) })
  for await (const part of parts) if ('bytes' in part) await put(name, part.bytes).finally(part.release)
}

/** The parts of the new object, a few at once. The caller releases each part once it is sent. */
async function* readSteps(
  { calls, buffers }: S3ComposeOptions,
  sources: readonly S3Object[],
  steps: readonly CompositionStep[],
): AsyncGenerator<PartBuffer | RangeCopy, void, void> {
  const take = createPartTaker(buffers)
  const acquire = createSemaphore(COPIES_AT_ONCE)
  const sourceOf = (index: number) => {
    const source = sources[index]
    if (!source) throw new Error(`There is no source ${index}.`)
    return source
  }
  for (const step of steps) {
    if (step.kind === 'copy') {
      const source = sourceOf(step.piece.source)
      yield { source, range: step.piece, release: await acquire() }
      continue
    }
    const { bytes, release } = await take()
    let filled = 0
    try {
      for (const piece of step.pieces) {
        const source = sourceOf(piece.source)
        const reader = await openS3Object(calls, source, { first: piece.first, last: piece.last })
        const end = filled + lengthOf(piece)
        await reader.read(piece.first, bytes.subarray(filled, end)).finally(reader.close)
        filled = end
      }
    } catch (error) {
      release()
      throw error
    }
    yield { bytes: bytes.subarray(0, filled), release }
  }
}

/** A semaphore: at most `most` callers hold it at once. It resolves with the function that releases it. */
function createSemaphore(most: number) {
  let left = most
  const waiting: (() => void)[] = []
  return async (): Promise<() => void> => {
    if (left === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    else left -= 1
    let held = true
    return () => {
      if (!held) return
      held = false
      const next = waiting.shift()
      if (next) next()
      else left += 1
    }
  }
}
