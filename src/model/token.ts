import type { Scope } from './actor.ts'

/** Whom a token (JWT) speaks for. */
export interface TokenHolder {
  /** 1 to 255 characters. */
  readonly owner: string
  /** The scopes of a token that acts as an access key; undefined for the token of a user. */
  readonly scopes: readonly Scope[] | undefined
  /** Names of buckets; `*` stands for any characters. */
  readonly buckets: readonly string[]
  /** Seconds since 1970. */
  readonly expires: number
}

/** Judges tokens. */
export interface Tokens {
  /**
   * Whom a token speaks for. Throws `token-invalid`, `token-expired`, and `identity-unavailable` when the keys of the issuer
   * cannot be fetched.
   */
  verify(text: string): Promise<TokenHolder>
  close(): void
}
