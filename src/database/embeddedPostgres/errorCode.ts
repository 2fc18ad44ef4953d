/**
 * The code of a system or database error, such as ENOENT or 3D000; undefined without one. `src/errors.ts` has a function like
 * this; this folder depends on nothing else of the service, so that it could be a package of its own.
 */
export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
}
