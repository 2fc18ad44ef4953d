import { doubleKey } from './place.ts'
import { startS3Double } from './server.ts'

// The double in a process of its own: `node tests/support/s3Double/main.ts [port]`. It says where it is in a line of JSON,
// and ends with the process that started it.
const port = Number(process.argv[2] ?? 0)
const double = await startS3Double({ keys: [doubleKey], region: 'us-east-1', port })
process.stdout.write(`${JSON.stringify({ endpoint: double.endpoint, ...doubleKey })}\n`)
process.once('disconnect', () => void double.stop())
