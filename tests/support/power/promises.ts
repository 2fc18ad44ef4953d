type Service = { readonly url: string }

/** Promises beside those of the ledger, which one caller asks for. */
export interface Promises {
  readonly count: () => number
  /** Asks for one more. Rejects without an answer. */
  make(service: Service): Promise<void>
  /** Sentences about promises that were broken. Nothing may be going on meanwhile. */
  compare(service: Service): Promise<string[]>
  /** Makes unfinished things whole. */
  finish(service: Service): Promise<void>
}
