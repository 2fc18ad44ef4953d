export default {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/tests/support/globalSetup.ts',
  globalTeardown: '<rootDir>/tests/support/globalTeardown.ts',
  setupFilesAfterEnv: ['<rootDir>/tests/support/matchers.ts'],
  testTimeout: 120_000,
  maxWorkers: 2,
}
