import { errorCode } from '../../errors.ts'

/** The meaning of a failed statement for its sender. */
export type Failure =
  /** The database rolled the transaction back; the same transaction may succeed when it is sent again. */
  | 'retry'
  /** The statement waited too long and was rolled back. A second attempt at once would take as long again. */
  | 'timeout'
  /** The database cannot be used now. Nothing was committed. */
  | 'unavailable'
  /** The connection broke: the statement may have been committed. */
  | 'unknown'
  /** A mistake in this program, or a constraint that the caller has to interpret. */
  | 'other'

const RETRY = /^(40001|40P01)$/
const TIMEOUT = /^(55P03|57014)$/
/** 55000: the database takes no connections (`alter database … allow_connections false`). */
const UNAVAILABLE =
  /^(53...|55000|25006|25P03|57P03|3D000|28...|XX...|58...|ECONNREFUSED|ENOENT|EAI_AGAIN|ENOTFOUND|EMFILE|ENFILE|EADDRNOTAVAIL)$/
const UNKNOWN =
  /^(08...|40003|57P0[1245]|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|E(NET|HOST)UNREACH|E(NET|HOST)DOWN|ENETRESET|EIO)$/
/** Messages of node-postgres for errors before the statement was sent. */
const UNAVAILABLE_MESSAGES =
  /timeout exceeded when trying to connect|timeout expired|due to connection timeout|Cannot use a pool after calling end/i
const UNKNOWN_MESSAGES =
  /Connection terminated|Client has encountered a connection error|not queryable|Client was closed/i

/** Classifies an error of node-postgres by its SQLSTATE, its system error code or its message. */
export function classifyFailure(error: unknown): Failure {
  const code = errorCode(error)
  if (code !== undefined) {
    if (isPanic(error)) return 'unknown'
    if (RETRY.test(code)) return 'retry'
    if (TIMEOUT.test(code)) return 'timeout'
    if (UNAVAILABLE.test(code)) return 'unavailable'
    if (UNKNOWN.test(code)) return 'unknown'
  }
  const message = Error.isError(error) ? error.message : ''
  if (UNAVAILABLE_MESSAGES.test(message)) return 'unavailable'
  return UNKNOWN_MESSAGES.test(message) ? 'unknown' : 'other'
}

/** PostgreSQL could not write its log. Whatever the code is, the transaction may be committed after the recovery. */
const isPanic = (error: unknown) => Error.isError(error) && 'severity' in error && error.severity === 'PANIC'

/** Whether a unique index refused a row; with a constraint, whether that index did. */
export const isDuplicate = (error: unknown, constraint?: string): boolean =>
  errorCode(error) === '23505' && (constraint === undefined || constraintOf(error) === constraint)

/** Whether a foreign key refused to delete a row: SQLSTATE 23001 since PostgreSQL 18, 23503 before. */
export const isReferenced = (error: unknown): boolean => /^23(001|503)$/.test(errorCode(error) ?? '')

/** Whether a running server has no database of this name. */
export const isMissingDatabase = (error: unknown): boolean => errorCode(error) === '3D000'

/** Whether a database of this name was made before, perhaps in this moment. */
export const isDuplicateDatabase = (error: unknown): boolean =>
  errorCode(error) === '42P04' || isDuplicate(error)

/** Whether the role lacks the right to do this. */
export const isForbidden = (error: unknown): boolean => errorCode(error) === '42501'

/** Whether a running server refused the user or the password, or has no database of this name. */
export const isRefused = (error: unknown): boolean => /^(28...|3D000)$/.test(errorCode(error) ?? '')

/** The name of the constraint in an error of node-postgres; undefined when the error names none. */
function constraintOf(error: unknown): string | undefined {
  if (!Error.isError(error) || !('constraint' in error)) return undefined
  return typeof error.constraint === 'string' ? error.constraint : undefined
}
