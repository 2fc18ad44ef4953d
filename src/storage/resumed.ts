/** The values that were taken from an iterator already, then its other values. */
export async function* resumed<Value>(
  taken: readonly Value[],
  rest: AsyncIterator<Value>,
): AsyncGenerator<Value, void, void> {
  try {
    yield* taken
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}
