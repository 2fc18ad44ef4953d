import { type Found, PART_END, type PartStart, scanMultipart } from './multipartScanner.ts'

/** One part of a form (RFC 7578). Its bytes are exactly those between the delimiters and are read once, in order. */
export interface Part extends PartStart {
  readonly bytes: AsyncIterable<Buffer>
}

/**
 * Parses the parts of a multipart body, one after the other. `source` is read only as far as the consumer reads, so memory
 * does not grow with the body. Bytes of a part that the consumer leaves unread are skipped. Throws what `scanMultipart` throws,
 * and the errors of `source`.
 */
export async function* parseMultipart(
  source: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<Part, void, void> {
  const chunks = source[Symbol.asyncIterator]()
  const scan = scanMultipart(boundary)
  let found: Found | undefined

  /** Scans on to the next thing in the body. False at the end of the body. */
  async function findNext(): Promise<boolean> {
    let step = scan.next()
    while (!step.done && step.value === undefined) {
      const { value, done } = await chunks.next()
      step = scan.next(done ? undefined : value)
    }
    found = step.value ?? undefined
    return found !== undefined
  }

  async function nextBytes(): Promise<IteratorResult<Buffer, void>> {
    if (found !== PART_END) await findNext()
    return Buffer.isBuffer(found) ? { value: found, done: false } : { value: undefined, done: true }
  }

  try {
    while (await findNext()) {
      if (found === undefined || found === PART_END || Buffer.isBuffer(found)) continue // left unread
      yield { ...found, bytes: { [Symbol.asyncIterator]: () => ({ next: nextBytes }) } }
    }
  } finally {
    await chunks.return?.()
  }
}
