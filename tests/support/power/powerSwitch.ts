const [COUNTDOWN, CUT, RELEASED, WRITES, FLUSHES] = [0, 1, 2, 3, 4]

/** The switch between the test, which cuts the power, and the thread that is the disk. Both have one on the same memory. */
export interface PowerSwitch {
  readonly memory: SharedArrayBuffer
  /** Cuts the power at once: from now on no flush ends. */
  cut(): void
  /** Cuts the power at this many writes and flushes from now. */
  cutAfter(requests: number): void
  isCut(): boolean
  /** Lets flushes end again, for nothing: whatever waited for one has been killed. */
  release(): void
  isReleased(): boolean
  /** Counts a request of the disk. */
  count(kind: 'write' | 'flush'): void
  /** Blocks the thread of a flush that came after the cut until `release`. */
  holdFlush(): void
  counts(): { readonly writes: number; readonly flushes: number }
}

/** Longer than a test lets the power hang. */
const PATIENCE_MILLISECONDS = 20_000

export function createPowerSwitch(memory = new SharedArrayBuffer(32)): PowerSwitch {
  const words = new Int32Array(memory)
  const cut = () => void Atomics.store(words, CUT, 1)
  const isCut = () => Atomics.load(words, CUT) === 1
  return {
    memory,
    cut,
    cutAfter: (requests) => void Atomics.store(words, COUNTDOWN, requests),
    isCut,
    release() {
      Atomics.store(words, RELEASED, 1)
      Atomics.notify(words, RELEASED)
    },
    isReleased: () => Atomics.load(words, RELEASED) === 1,
    count(kind) {
      Atomics.add(words, kind === 'write' ? WRITES : FLUSHES, 1)
      if (Atomics.load(words, COUNTDOWN) > 0 && Atomics.sub(words, COUNTDOWN, 1) === 1) cut()
    },
    holdFlush() {
      if (isCut()) Atomics.wait(words, RELEASED, 0, PATIENCE_MILLISECONDS)
    },
    counts: () => ({ writes: Atomics.load(words, WRITES), flushes: Atomics.load(words, FLUSHES) }),
  }
}
