/** Asks the service once for a list, so that the first client does not wait for the validator to compile the spec. */
export async function warmUp(url: string): Promise<void> {
  const response = await fetch(`${url}/service/fileupload?limit=1`, { headers: { connection: 'close' } })
  await response.arrayBuffer()
}
