/** Loaded with `--import`: makes a bug of the process that has it, on SIGUSR2. */
const bugs: Record<string, () => void> = {
  uncaughtException: () => {
    throw new Error('a bug that nobody caught')
  },
  unhandledRejection: () => {
    void Promise.reject(new Error('a bug that nobody caught'))
  },
  'uncaughtException of something that is no Error': () => {
    throw undefined
  },
}

process.on('SIGUSR2', () => bugs[process.env.BUG ?? '']?.())
