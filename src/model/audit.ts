import type { Reach } from './actor.ts'

/** What the audit log has entries about. */
export const auditActions = [
  'bucket-changed',
  'bucket-created',
  'bucket-deleted',
  'key-changed',
  'key-created',
  'key-revoked',
  'key-rotated',
  'rate-limited',
] as const

export type AuditAction = (typeof auditActions)[number]

/** Where a request came from; both are null for a command. */
export interface Origin {
  readonly requestId: string | null
  /** As `clientAddress` finds it. */
  readonly address: string | null
}

/** The origin of what a command does. */
export const commandLine: Origin = { requestId: null, address: null }

/** What happened. */
export interface AuditEvent {
  readonly action: AuditAction
  /** As `key:<id>` or `bucket:<name>`. */
  readonly target: string
  /** What was set, in the words of the API. Never a secret. */
  readonly details: Readonly<Record<string, unknown>>
  /** The files that the change concerns: an admin who does not reach all of them does not see the entry. */
  readonly reach: Reach
}

/** An entry of the audit log. */
export interface AuditEntry extends Origin, Omit<AuditEvent, 'reach'> {
  readonly id: number
  /** In the form of RFC 3339. */
  readonly at: string
  /** As `Actor.name`. */
  readonly actor: string | null
}
