/** Does what is asked for under a key once at a time; who asks meanwhile gets the same answer. */
export function singleFlight<Result>(
  running: Map<string, Promise<Result>>,
  key: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const begun = running.get(key) ?? work().finally(() => running.delete(key))
  running.set(key, begun)
  return begun
}
