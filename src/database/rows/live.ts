/*
 * Whether a file `f` is live: neither deleted nor expired. The rule has two forms, because the planner takes one file in 200
 * for live until the first ANALYZE, and every partial index of live files looks small to it then.
 */

/** For files that an id, a blob or a storage key names: no partial index matches, so the planner uses the index of that name. */
export const isLive = `coalesce(f.deleted_at, 'infinity') = 'infinity' and (f.expires_at is null or f.expires_at > now())`

/** For files of a bucket, by name, size, type or time: the partial indexes of files that are not deleted match. */
export const isLiveInIndex = 'f.deleted_at is null and (f.expires_at is null or f.expires_at > now())'

/** For files whose life is over and that nobody has marked as deleted yet. */
export const isExpired = 'f.deleted_at is null and f.expires_at <= now()'
