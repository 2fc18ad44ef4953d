import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import express from 'express'
import { createS3Client, type S3Address } from '../s3Server.ts'
import { listen } from './listen.ts'

/** An upload by the SDK alone, as a peer: it has the bytes already, and answers when S3 has them. */
const [argument = '{}'] = process.argv.slice(2)
const address = JSON.parse(argument) as S3Address
const client = createS3Client(address)
const Bucket = address.s3Bucket
const app = express()

const MiB = 1024 ** 2
const partSize = 8 * MiB

/** Uploads from a stream, with the service's part size and number of parts at once. */
app.post('/large', async (req, res) => {
  const Body = Readable.from(blocks(Number(req.query.size)), { objectMode: false })
  const params = { Bucket, Key: nextName(), Body }
  await new Upload({ client, params, partSize, queueSize: 4 }).done()
  res.end()
})

app.post('/small', async (req, res) => {
  const [size, connections] = [Number(req.query.size), Number(req.query.connections)]
  let left = Number(req.query.count)
  const lane = async () => {
    while (left-- > 0) {
      await client.send(new PutObjectCommand({ Bucket, Key: nextName(), Body: randomBytes(size) }))
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
  res.end()
})

const nextName = () => `peer/${randomUUID()}`

function* blocks(size: number): Generator<Buffer> {
  const block = randomBytes(Math.min(size, MiB))
  for (let sent = 0; sent < size; sent += block.length) yield block
}

listen(app)
