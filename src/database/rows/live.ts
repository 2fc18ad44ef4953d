/*
 * SQL conditions for a live file `f`: neither deleted nor expired. There are two forms with the same meaning. Until the first
 * ANALYZE, the planner estimates that one file in 200 is live, so every partial index of live files looks small and is chosen.
 */

/** For files that are found by id, blob or storage key. This form matches no partial index, so the planner uses the right one. */
export const isLive = `coalesce(f.deleted_at, 'infinity') = 'infinity' and (f.expires_at is null or f.expires_at > now())`

/** For files of a bucket that are found by name, size, type or time. This form matches the partial indexes. */
export const isLiveInIndex = 'f.deleted_at is null and (f.expires_at is null or f.expires_at > now())'

/** For expired files that are not marked as deleted yet. */
export const isExpired = 'f.deleted_at is null and f.expires_at <= now()'
