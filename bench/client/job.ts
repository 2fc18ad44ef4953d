/** The work of one run of the load generator. It ends after `count` requests or `seconds`, whichever comes first. */
export type Job = {
  readonly port: number
  readonly connections: number
  readonly count: number
  readonly seconds: number
  readonly work: GetWork | UploadWork | HoldWork
}

/** GETs the paths in turn, with an access key if there is one. */
export type GetWork = {
  readonly kind: 'get'
  readonly paths: readonly string[]
  readonly key?: string
}

/** GETs the path once on each connection, reads nothing of the answers, and holds the connections for the `seconds` of the job. */
export type HoldWork = { readonly kind: 'hold'; readonly path: string }

/** Sends files of `size` bytes, no two alike: POSTs them in forms, PUTs them as they are, or creates tus uploads with them. */
export type UploadWork = {
  readonly kind: 'upload' | 'put' | 'tus'
  readonly path: string
  readonly size: number
  readonly keepBodies: boolean
}

export type Outcome = {
  readonly done: number
  readonly seconds: number
  /** CPU seconds of the load generator. */
  readonly cpu: number
  /** Bytes of the response bodies. */
  readonly received: number
  readonly medianMs: number
  readonly errors: number
  readonly firstError: string
  readonly bodies: readonly string[]
}
