import type { ByteRange } from '../../model/blob.ts'

/** A range of one source; `source` is its index. */
export interface Piece extends ByteRange {
  readonly source: number
}

/** A part of the new object: a range that the storage copies, or pieces that have to be read and sent. */
export type CompositionStep =
  | { readonly kind: 'copy'; readonly piece: Piece }
  | { readonly kind: 'read'; readonly pieces: readonly Piece[] }

export interface CompositionLimits {
  /** Bytes that every part has at least, except the last. */
  readonly least: number
  /** Bytes that one step reads at most; not below `least`. */
  readonly mostRead: number
  /** Bytes that one step copies at most; not below twice `least`. */
  readonly mostCopied: number
}

/** Bytes of a range. */
export const lengthOf = ({ first, last }: ByteRange): number => last + 1 - first

/** The parts that make one object of sources with these sizes: large ranges are copied, as few bytes as possible are read. */
export function planComposition(sizes: readonly number[], limits: CompositionLimits): CompositionStep[] {
  const { least, mostRead, mostCopied } = limits
  const steps: CompositionStep[] = []
  let pieces: Piece[] = []
  let gathered = 0

  function gather(piece: Piece) {
    pieces.push(piece)
    gathered += lengthOf(piece)
  }
  function flush() {
    if (pieces.length > 0) steps.push({ kind: 'read', pieces })
    pieces = []
    gathered = 0
  }

  for (const [source, size] of sizes.entries()) {
    let first = 0
    while (first < size) {
      const lacking = gathered === 0 ? 0 : Math.max(0, least - gathered)
      const isWorthCopying = size - first - lacking >= least
      const taken = isWorthCopying ? lacking : Math.min(size - first, mostRead - gathered)
      if (taken > 0) gather({ source, first, last: first + taken - 1 })
      first += taken
      if (gathered === mostRead) flush()
      if (!isWorthCopying) continue
      flush()
      for (const range of evenly({ first, last: size - 1 }, mostCopied))
        steps.push({ kind: 'copy', piece: { source, ...range } })
      first = size
    }
  }
  flush()
  return steps
}

/** Cuts a range into ranges of at most `most` bytes and nearly equal size, so that none is too small for a part. */
function evenly({ first, last }: ByteRange, most: number): ByteRange[] {
  const length = lengthOf({ first, last })
  const count = Math.ceil(length / most)
  const edge = (index: number) => first + Math.floor((length * index) / count)
  return Array.from({ length: count }, (_, index) => ({ first: edge(index), last: edge(index + 1) - 1 }))
}
