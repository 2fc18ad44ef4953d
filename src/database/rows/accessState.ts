import type { Database } from '../schema.ts'

/** Whether an access key was ever made. */
export async function isLocked(db: Database): Promise<boolean> {
  const row = await db.selectFrom('access_state').select('locked_at').executeTakeFirst()
  return row !== undefined && row.locked_at !== null
}
