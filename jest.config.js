/** Tests that are long by nature. */
const long = [
  'tests/faults/kills.test.ts',
  'tests/faults/databaseFailover.test.ts',
  'tests/faults/maintenanceWalk.test.ts',
  'tests/themes/memory.test.ts',
]
/** What `npm test` leaves to other suites: what is long, and what needs more than `npm ci` installs. */
const apart = [...long, 'tests/browser/', 'tests/guides/', 'tests/proxies/', 'tests/s3/']
/** Suites, each run with `npm run test:<suite>`. */
const suites = {
  quick: ['tests/unit/**', 'tests/operations/**', 'tests/storage/volume.test.ts'],
  long,
  browser: ['tests/browser/*'],
  guides: ['tests/guides/*'],
  proxies: ['tests/proxies/*'],
  s3: [
    'tests/s3/*',
    // Tests of the service, here on a storage of this suite.
    'tests/operations/**',
    'tests/themes/*',
    'tests/hardening/*',
    'tests/faults/maintenance*',
    'tests/faults/directUploads.test.ts',
    'tests/cli/fsck.test.ts', // the other commands do nothing with the storage
  ],
}
/** Tests that look at open files of a volume do not run on S3. */
const volumeOnly = ['<rootDir>/tests/hardening/framingOpenFiles.test.ts']
const { SUITE } = process.env

const toPattern = (path) =>
  `<rootDir>/${/\/$|\.test\.ts$/.test(path) ? path : `${path.replace('**', '**/*')}.test.ts`}`

export default {
  testMatch: (suites[SUITE] ?? ['tests/**']).map(toPattern),
  testPathIgnorePatterns: SUITE === undefined ? apart.map(toPattern) : SUITE === 's3' ? volumeOnly : [],
  testEnvironment: '<rootDir>/tests/support/environment.ts',
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/tests/support/globalSetup.ts',
  reporters: ['default', '<rootDir>/tests/support/hostileInputs.ts'],
  globalTeardown: '<rootDir>/tests/support/globalTeardown.ts',
  setupFilesAfterEnv: ['<rootDir>/tests/support/matchers.ts'],
  testTimeout: 120_000,
  maxWorkers: 3, // for two cores: tests wait a third of their time
}
