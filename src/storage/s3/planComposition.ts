import type { ByteRange } from '../../model/blob.ts'

/** A range of one of the sources that are put together, by its place among them. */
export interface Piece extends ByteRange {
  readonly source: number
}

/** A part of the new object: a range that the storage copies, or pieces that have to be read and sent. */
export type CompositionStep =
  | { readonly kind: 'copy'; readonly piece: Piece }
  | { readonly kind: 'read'; readonly pieces: readonly Piece[] }

export interface CompositionLimits {
  /** No part but the last has fewer bytes. */
  readonly least: number
  /** No step reads more; at least `least`. */
  readonly mostRead: number
  /** No step copies more; at least twice `least`. */
  readonly mostCopied: number
}

export const lengthOf = ({ first, last }: ByteRange): number => last + 1 - first

/** How sources of these sizes become one object in parts: what is large enough is copied, as little as possible is read. */
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

/** A range as ranges of at most so many bytes and nearly the same size, so that none of them is too small. */
function evenly({ first, last }: ByteRange, most: number): ByteRange[] {
  const length = lengthOf({ first, last })
  const count = Math.ceil(length / most)
  const edge = (index: number) => first + Math.floor((length * index) / count)
  return Array.from({ length: count }, (_, index) => ({ first: edge(index), last: edge(index + 1) - 1 }))
}
