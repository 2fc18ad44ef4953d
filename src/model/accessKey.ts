import type { Reach, Scope } from './actor.ts'

/** A credential of an application or an operator. Times are texts in the form of RFC 3339, in UTC, with milliseconds. */
export interface AccessKey {
  /** 12 letters and digits; the id is a part of the key's text. */
  readonly id: string
  /** For people; unique. */
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly reach: Reach
  /** The actor that made the key, as `key:<id>`; null for a key that the operator made. */
  readonly createdBy: string | null
  readonly createdAt: string
  /** The most requests in a minute; null means any number. */
  readonly ratePerMinute: number | null
  /** The most requests in a calendar month, in UTC; null means any number. */
  readonly requestsPerMonth: number | null
  /** Null means never. */
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  /** To a minute; null means never. */
  readonly lastUsedAt: string | null
}

/** SHA-256 of the texts that prove the holder of a key. */
export interface AccessKeyHashes {
  readonly secretHash: Buffer
  /** Of the text before the last rotation, which is good until `previousUntil`. */
  readonly previousHash: Buffer | null
  readonly previousUntil: string | null
}

/** What a key was used for. */
export interface AccessKeyUse {
  /** In this month, but for those of the last minute. */
  readonly requestsOfMonth: number
}
