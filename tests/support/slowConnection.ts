/**
 * What a command said, but for the sentence after a second without a connection: a busy machine may take as long.
 * `tests/faults/start.test.ts` is about the sentence.
 */
export const ignoreSlowConnection = <Said extends { readonly stderr: string }>(said: Said): Said => ({
  ...said,
  stderr: said.stderr.replace(/^upfile: Waiting for the database, at most 30 s: no answer yet, .*\n/m, ''),
})
