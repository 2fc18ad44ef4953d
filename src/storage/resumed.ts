/** Values that were taken from an iterator, and then the rest of it. */
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
