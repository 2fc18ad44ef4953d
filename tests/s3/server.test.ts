import { describe } from '@jest/globals'
import { findServer } from '../support/s3.ts'
import { accessContract } from './accessContract.ts'
import { serverContract } from './serverContract.ts'

/** A server of `S3_TEST_ENDPOINT` without a name is compared with Amazon. */
const { S3_TEST_SERVER: server = 'amazon' } = process.env

describe(`S3 as ${server} has it`, () => {
  serverContract(server, async () => findServer())
  accessContract(server, async () => findServer())
})
