/** What a caller may do, from the least to the most. Every operation of the contract that takes a credential names one. */
export const scopes = ['read', 'list', 'write', 'delete', 'admin'] as const

/**
 * `read`: a file that one can name. `list`: find files and buckets. `write`: create, replace by name, change, announce. `delete`:
 * also the expiry of a file that is there, and the name of one that has it to itself. `admin`: all of these, keys, and the rules
 * of buckets.
 */
export type Scope = (typeof scopes)[number]

/** Who makes a request. */
export interface Actor {
  /**
   * `anyone`: every caller of a service that is open. `anonymous`: a caller of a closed service without a credential. `key`: an
   * access key, or a token that acts as one. `user`: the user whom a token speaks for. `link`: a signed link, which names the
   * request that it allows.
   */
  readonly kind: 'anyone' | 'anonymous' | 'key' | 'user' | 'link'
  /** As `key:<id>`, `token:<owner>` or `user:<owner>`, for records and logs; null for a caller without an identity. */
  readonly name: string | null
  readonly scopes: readonly Scope[]
  readonly reach: Reach
  /** Of a key that is in the database. */
  readonly limits?: KeyLimits
  /** Of a key that is in the database: SHA-256 of the text that proved it, the newest one or the one before. */
  readonly secretHash?: Buffer
  /** When the credential ends, in the form of RFC 3339; null means never. */
  readonly expiresAt: string | null
}

/** The most requests of a key; null means any number. */
export interface KeyLimits {
  readonly keyId: string
  readonly perMinute: number | null
  /** In a calendar month, in UTC. */
  readonly perMonth: number | null
  /** The requests of this month, but for those of the last minute. */
  readonly requestsOfMonth: number
}

/** The files that an actor may touch, whatever it does with them. */
export interface Reach {
  /** Names of buckets; `*` stands for any characters. */
  readonly buckets: readonly string[]
  /** The beginning of the names of all files; empty means every name. */
  readonly prefix: string
  /**
   * The user whose files they are. In a bucket whose rule `users` is `none` they are none, in one with `shared` a user also reads
   * and lists those of others. Undefined means the files of everybody, whatever the rule is.
   */
  readonly owner?: string
}

/** Every file. */
export const everyFile: Reach = { buckets: ['*'], prefix: '' }

const unrestricted = { scopes, reach: everyFile, expiresAt: null, name: null } as const

/** Every caller of a service that is open: no credential is asked for. */
export const anyone: Actor = { ...unrestricted, kind: 'anyone' }

/** A caller without a credential, of a service that is closed. */
export const anonymous: Actor = { ...unrestricted, kind: 'anonymous', scopes: [] }

/** A request by a link that an open service signed. `verifyLink` judged the request as a whole, so no rule for files is left. */
export const link: Actor = { ...unrestricted, kind: 'link' }
