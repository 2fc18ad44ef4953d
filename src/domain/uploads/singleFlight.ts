/** Runs the work of a key only once at a time: a call with the same key gets the promise of the running work. */
export function singleFlight<Result>(
  running: Map<string, Promise<Result>>,
  key: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const result = running.get(key) ?? work().finally(() => running.delete(key))
  running.set(key, result)
  return result
}
