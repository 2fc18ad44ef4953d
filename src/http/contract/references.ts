/** Throws when a reference (`$ref`) in the document leads nowhere in it. */
export function checkReferences(document: unknown): void {
  for (const reference of listReferences(document))
    if (!isThere(document, reference))
      throw new Error(`The contract has no ${reference}, which it refers to.`)
}

function* listReferences(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node))
    if (key === '$ref') yield String(value)
    else yield* listReferences(value)
}

/** Follows a reference, such as `#/components/schemas/File` (RFC 6901). */
function isThere(document: unknown, reference: string): boolean {
  const [root, ...names] = reference.split('/')
  let place = document
  for (const name of names.map(fromPointer))
    place = Object.entries(place ?? {}).find(([key]) => key === name)?.[1]
  return root === '#' && place !== undefined
}

const fromPointer = (name: string) => decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
