import type { Deps } from '../../deps.ts'

export type MaintenanceDeps = Pick<Deps, 'config' | 'db' | 'logger' | 'stopping' | 'storage'>

/** How many rows one statement of maintenance touches at most. */
export const rowsAtOnce = 500
