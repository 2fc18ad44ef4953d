/**
 * What makes a service keep its bytes on the storage of this run: S3 when TEST_STORAGE says so. Only then is the SDK loaded,
 * which takes longer than many a test file.
 */
export async function storageSettings(): Promise<Readonly<Record<string, string>>> {
  if (process.env.TEST_STORAGE !== 's3') return {}
  const { bucketSettings } = await import('./s3.ts')
  return await bucketSettings()
}
