/** A header of an answer of `fetch`, or of supertest. */
export const headerOf = (
  { headers }: { readonly headers: Headers | Readonly<Record<string, string>> },
  name: string,
): string | null | undefined => (headers instanceof Headers ? headers.get(name) : headers[name])
