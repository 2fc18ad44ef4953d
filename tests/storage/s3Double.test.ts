import { afterAll, describe } from '@jest/globals'
import { serverContract } from '../s3/serverContract.ts'
import { placeOf, startOwnDouble } from '../support/s3Double/place.ts'
import type { S3Double } from '../support/s3Double/server.ts'

let double: S3Double
afterAll(() => double.stop())

async function find() {
  double ??= await startOwnDouble()
  return placeOf(double, 'crc32')
}

describe('The S3 server of the tests, held to what Amazon does', () => {
  serverContract('double', find)
})
