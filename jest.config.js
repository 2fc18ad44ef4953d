/** Suites that need more than `npm ci` installs; each is run with `npm run test:<suite>`. */
const apart = ['guides', 'proxies', 's3']
/** Tests of the service that a suite runs as well, on a storage of its own. */
const shared = {
  s3: [
    '<rootDir>/tests/operations/*/*.test.ts',
    '<rootDir>/tests/themes/*.test.ts',
    '<rootDir>/tests/hardening/*.test.ts',
    '<rootDir>/tests/faults/maintenance*.test.ts',
    '<rootDir>/tests/faults/directUploads.test.ts',
    '<rootDir>/tests/cli/fsck.test.ts', // the other commands do nothing with the storage
  ],
}
/** What looks at the files that a volume has open cannot be asked about S3. */
const volumeOnly = ['<rootDir>/tests/hardening/framingOpenFiles.test.ts']
const { SUITE } = process.env

export default {
  testMatch: [`<rootDir>/tests/${SUITE ?? '**'}/*.test.ts`, ...(shared[SUITE] ?? [])],
  testPathIgnorePatterns: SUITE ? volumeOnly : apart.map((suite) => `<rootDir>/tests/${suite}/`),
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/tests/support/globalSetup.ts',
  globalTeardown: '<rootDir>/tests/support/globalTeardown.ts',
  setupFilesAfterEnv: ['<rootDir>/tests/support/matchers.ts'],
  testTimeout: 120_000,
  maxWorkers: 2,
}
