/** Tests that are long by nature. */
const long = [
  'tests/faults/kills.test.ts',
  'tests/faults/databaseFailover.test.ts',
  'tests/faults/maintenanceWalk.test.ts',
  'tests/themes/memory.test.ts',
  'tests/themes/memoryAtRest.test.ts',
  'tests/themes/memoryOfMediaTypes.test.ts',
]
/** What `npm test` leaves to other suites: what is long, what waits for faults, and what needs more than `npm ci` installs. */
const apart = [
  ...long,
  'tests/browser/',
  'tests/faults/',
  'tests/guides/',
  'tests/power/',
  'tests/proxies/',
  'tests/s3/',
]
/** Suites, each run with `npm run test:<suite>`. */
const suites = {
  quick: ['tests/unit/**', 'tests/operations/**', 'tests/storage/volume.test.ts'],
  long,
  browser: ['tests/browser/*'],
  faults: ['tests/faults/*'],
  guides: ['tests/guides/*'],
  power: ['tests/power/*'],
  proxies: ['tests/proxies/*'],
  s3: [
    'tests/s3/*',
    // Tests of the service, here on a storage of this suite.
    'tests/operations/**',
    'tests/themes/*',
    'tests/themes/access/quotas.test.ts',
    'tests/themes/access/quotaAnnounced.test.ts',
    'tests/hardening/*',
    'tests/faults/maintenance*',
    'tests/faults/directUploads.test.ts',
    'tests/cli/fsck.test.ts', // the other commands do nothing with the storage
  ],
}
/** Tests that do not run on S3: they look at open files of a volume, or no storage sees what they send. */
const volumeOnly = [
  'tests/hardening/framing.test.ts',
  'tests/hardening/framingConnections.test.ts',
  'tests/hardening/framingExpectations.test.ts',
  'tests/hardening/framingOpenFiles.test.ts',
  'tests/hardening/framingRefused.test.ts',
  'tests/hardening/cors.test.ts',
  'tests/hardening/foreignPages.test.ts',
  'tests/hardening/hosts.test.ts',
  'tests/hardening/json.test.ts',
  'tests/hardening/page.test.ts',
  'tests/hardening/queries.test.ts',
  'tests/hardening/regularExpressions.test.ts',
  'tests/hardening/detection.test.ts',
  'tests/hardening/longTexts.test.ts',
  'tests/hardening/massAssignment.test.ts',
  'tests/hardening/multipartFuzz.test.ts',
  'tests/hardening/nameHeaders.test.ts',
  'tests/hardening/names.test.ts',
  'tests/hardening/redaction.test.ts',
  'tests/operations/access/',
  'tests/themes/contractStart.test.ts',
  'tests/themes/declaredMethods.test.ts',
  'tests/themes/exactMetadata.test.ts',
  'tests/themes/exactNames.test.ts',
  'tests/themes/fileTypes.test.ts',
  'tests/themes/hints.test.ts',
  'tests/themes/keepAlive.test.ts',
  'tests/themes/listPages.test.ts',
  'tests/themes/memoryAtRest.test.ts',
  'tests/themes/memoryOfMediaTypes.test.ts',
  'tests/themes/page.test.ts',
  'tests/themes/pages.test.ts',
  'tests/themes/publicUrl.test.ts',
  'tests/themes/requestId.test.ts',
]
/** One suite, or several with commas between them. */
const chosen = process.env.SUITE?.split(',')
for (const name of chosen ?? []) if (!(name in suites)) throw new Error(`There is no suite ${name}.`)
/** What the suites leave out of their folders. */
const leftOut = chosen?.flatMap((name) => ({ faults: long, s3: volumeOnly })[name] ?? []) ?? apart

const toPattern = (path) =>
  `<rootDir>/${/\/$|\.test\.ts$/.test(path) ? path : `${path.replace('**', '**/*')}.test.ts`}`

export default {
  testMatch: (chosen?.flatMap((name) => suites[name]) ?? ['tests/**']).map(toPattern),
  testPathIgnorePatterns: leftOut.map(toPattern),
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
