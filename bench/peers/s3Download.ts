import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { createS3Client, type S3Address } from '../s3Server.ts'
import { listen } from './listen.ts'

/** The least a process between S3 and a client can do: the object named by the path, piped. */
const [argument = '{}'] = process.argv.slice(2)
const address = JSON.parse(argument) as S3Address
const client = createS3Client(address)

listen(async (req, res) => {
  const Key = req.url?.slice(1)
  const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket: address.s3Bucket, Key }))
  if (!(Body instanceof Readable)) throw new Error(`There is nothing to read of ${Key}`)
  res.setHeader('Content-Length', ContentLength ?? 0)
  await pipeline(Body, res)
})
