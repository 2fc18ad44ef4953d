/** Reads batches and tells later whether an error came from reading them. */
export function watchSource(batches: AsyncIterable<readonly Buffer[]>) {
  const iterator = batches[Symbol.asyncIterator]()
  let thrown: { readonly error: unknown } | undefined
  return {
    async next() {
      try {
        return await iterator.next()
      } catch (error) {
        thrown = { error }
        throw error
      }
    },
    threw: (error: unknown) => thrown !== undefined && thrown.error === error,
  }
}
