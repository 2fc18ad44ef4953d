/** Yields the values that were taken, emptying `taken`, then the others. */
export async function* resumed<Value>(
  taken: Value[],
  rest: AsyncIterator<Value>,
): AsyncGenerator<Value, void, void> {
  try {
    yield* taken.splice(0)
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}
