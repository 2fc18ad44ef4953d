import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { S3StorageOptions } from '../../src/storage/s3/s3.ts'
import { openS3 } from './openS3.ts'
import { asAdministrator } from './postgres.ts'
import type { TestService } from './service.ts'

/** Takes a dependency of the service away for as long as the work lasts. */
export async function without(
  dependency: 'database' | 'storage',
  service: TestService,
  work: () => Promise<void>,
): Promise<void> {
  const { take, giveBack } = outages[dependency](service)
  await take()
  try {
    await work()
  } finally {
    await giveBack()
  }
}

const outages = {
  database({ deps }: TestService) {
    const { database } = deps.config
    const [, name = ''] = /@\/(\w+)\?/.exec(database.kind === 'url' ? database.url : '') ?? []
    return {
      async take() {
        await asAdministrator(`alter database ${name} allow_connections false`)
        await asAdministrator(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
        )
      },
      giveBack: () => asAdministrator(`alter database ${name} allow_connections true`),
    }
  },
  storage({ dataDirectory, deps }: TestService) {
    if (deps.config.storage.kind === 's3') return exchangedBucket(deps.config.storage)
    const volume = join(dataDirectory, 'volume')
    return {
      take: () => rename(volume, `${volume}-away`),
      giveBack: () => rename(`${volume}-away`, volume),
    }
  },
}

/** The id in the bucket becomes another one, as if it were another bucket. */
function exchangedBucket(options: S3StorageOptions) {
  const bucket = openS3(options)
  let id = ''
  return {
    async take() {
      id = (await bucket.readIdentity()) ?? ''
      await bucket.writeIdentity('99999999-2222-4333-8444-555555555555')
    },
    async giveBack() {
      await bucket.writeIdentity(id)
      await bucket.close()
    },
  }
}
