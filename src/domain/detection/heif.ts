/** Bytes of the list of brands that are looked at: 60 brands. */
const BRANDS_BYTES = 256

/**
 * The media type of a picture in the container HEIF whose first brand is the general one: the other brands tell the coding, and
 * a browser shows AVIF only.
 */
export function heifType(head: Buffer): 'image/avif' | 'image/heic' | 'image/heif' {
  const end = Math.min(head.length, head.readUInt32BE(0), BRANDS_BYTES)
  const brands = new Set<string>()
  for (let index = 16; index + 4 <= end; index += 4) brands.add(head.toString('latin1', index, index + 4))
  if (brands.has('avif')) return 'image/avif'
  return brands.has('heic') || brands.has('heix') ? 'image/heic' : 'image/heif'
}
