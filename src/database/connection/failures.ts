import { databaseUnavailable, FileServiceError } from '../../errors.ts'

/** What a failed statement means for whoever sent it. */
export type Failure =
  /** The database said no and rolled back; sending the whole transaction again may work. */
  | 'retry'
  /** It waited too long and was rolled back; sending it again at once would hold its sender as long again. */
  | 'timeout'
  /** The database cannot be used now; nothing was committed. */
  | 'unavailable'
  /** The connection broke: the statement may have been committed. */
  | 'unknown'
  /** Our own mistake, or a constraint that the caller has to interpret. */
  | 'other'

const RETRY = /^(40001|40P01)$/
const TIMEOUT = /^(55P03|57014)$/
const UNAVAILABLE =
  /^(53...|25006|25P03|57P03|3D000|28...|XX...|58...|ECONNREFUSED|ENOENT|EAI_AGAIN|ENOTFOUND|EMFILE|ENFILE|EADDRNOTAVAIL)$/
const UNKNOWN =
  /^(08...|40003|57P0[1245]|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|E(NET|HOST)UNREACH|E(NET|HOST)DOWN|ENETRESET|EIO)$/
/** Said before anything was sent. */
const UNAVAILABLE_MESSAGES =
  /timeout exceeded when trying to connect|timeout expired|due to connection timeout|Cannot use a pool after calling end/i
const UNKNOWN_MESSAGES =
  /Connection terminated|Client has encountered a connection error|not queryable|Client was closed/i

/** Classifies an error of node-postgres by its SQLSTATE, its system error code or its message. */
export function classifyFailure(error: unknown): Failure {
  const code = codeOf(error)
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

/** PostgreSQL could not write its log, whatever the code says: the recovery may find what was being committed. */
const isPanic = (error: unknown) => Error.isError(error) && 'severity' in error && error.severity === 'PANIC'

/** The SQLSTATE or system error code of an error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (!Error.isError(error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The constraint that an error of node-postgres names, if it names one. */
export function constraintOf(error: unknown): string | undefined {
  if (!Error.isError(error) || !('constraint' in error)) return undefined
  return typeof error.constraint === 'string' ? error.constraint : undefined
}

/**
 * What a caller outside `database/` gets to see: errors of the domain as they are, a database that cannot be used as
 * `database-unavailable`, anything else unchanged.
 */
export function toDomainError(error: unknown): unknown {
  if (error instanceof FileServiceError) return error
  return classifyFailure(error) === 'other' ? error : databaseUnavailable(error)
}

/** Asks the database something, and tells what it refuses as `toDomainError` does. */
export async function asked<Result>(question: () => Promise<Result>): Promise<Result> {
  try {
    return await question()
  } catch (error) {
    throw toDomainError(error)
  }
}
