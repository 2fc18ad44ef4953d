import { type FileHandle, open } from 'node:fs/promises'

/**
 * Makes renames durable: `sync(directory)` resolves when every rename that finished before the call is on the disk.
 * One fsync serves every caller that asked before it began (U8).
 */
export function createDirectorySync() {
  const handles = new Map<string, Promise<FileHandle>>()
  const waiting = new Map<string, { next: Promise<void> | undefined; running: Promise<void> }>()

  async function fsync(directory: string) {
    const handle = handles.get(directory) ?? open(directory, 'r')
    handles.set(directory, handle)
    try {
      await (await handle).sync()
    } catch (error) {
      // The handle may belong to a volume that is no longer mounted: the next call opens the directory anew.
      if (handles.get(directory) === handle) handles.delete(directory)
      await handle.then((opened) => opened.close()).catch(() => {})
      throw error
    }
  }

  return {
    sync(directory: string): Promise<void> {
      const current = waiting.get(directory)
      if (!current) return start(directory)
      // The running fsync may have begun before the caller's rename: every later caller waits for the next fsync.
      current.next ??= current.running.catch(() => {}).then(() => start(directory))
      return current.next
    },
    async close() {
      const opened = await Promise.allSettled(handles.values())
      handles.clear()
      for (const result of opened) if (result.status === 'fulfilled') await result.value.close()
    },
  }

  function start(directory: string): Promise<void> {
    const running = fsync(directory)
    const entry = { next: undefined, running }
    waiting.set(directory, entry)
    const done = () => {
      if (waiting.get(directory) === entry && entry.next === undefined) waiting.delete(directory)
    }
    running.then(done, done)
    return running
  }
}

export type DirectorySync = ReturnType<typeof createDirectorySync>
