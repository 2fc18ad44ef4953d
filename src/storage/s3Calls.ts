import { setTimeout as sleep } from 'node:timers/promises'
import type {
  $Command,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { createS3Client, type S3Place } from './s3Client.ts'
import { nameOf, statusOf } from './s3Errors.ts'

/** Calls to one S3 server about one bucket. */
export interface S3Calls extends Pick<S3Place, 's3Bucket' | 'proof'> {
  /**
   * Sends a command, again and again while it fails for reasons of the moment, until the deadline; then throws what
   * failed last. The body of an answer may take as long as it likes.
   */
  send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: $Command<Input, Output, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>,
  ): Promise<Output>
  close(): void
}

/** All repetitions of a call end `deadlineSeconds` after it began. */
export function createS3Calls(place: S3Place, deadlineSeconds: number): S3Calls {
  const client = createS3Client(place)
  return {
    s3Bucket: place.s3Bucket,
    proof: place.proof,
    send: (command) => insist((abortSignal) => client.send(command, { abortSignal }), deadlineSeconds * 1000),
    close: () => client.destroy(),
  }
}

const FIRST_PAUSE_MILLISECONDS = 50
const LONGEST_PAUSE_MILLISECONDS = 5000

const PASSING = new Set([
  ...[
    'ECONNRESET',
    'ECONNREFUSED',
    'EPIPE',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'ENOTFOUND',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ],
  ...[
    'TimeoutError',
    'RequestTimeout',
    'RequestTimeoutException',
    'SlowDown',
    'Throttling',
    'ThrottlingException',
  ],
  ...['TooManyRequestsException', 'RequestLimitExceeded', 'BandwidthLimitExceeded', 'ServiceUnavailable'],
  // The SDK reads the server's clock from the refusal and signs by it from then on.
  ...['InternalError', 'OperationAborted', 'ConditionalRequestConflict', 'RequestTimeTooSkewed'],
])

/** Whether it may go well when it is tried again. 501 means that it never will. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error) ?? 0
  return PASSING.has(nameOf(error) ?? '') || status === 429 || (status >= 500 && status !== 501)
}

/** Pauses grow, and differ so that many callers do not come back in the same moment. */
async function insist<Answer>(
  call: (abortSignal: AbortSignal) => Promise<Answer>,
  deadlineMilliseconds: number,
): Promise<Answer> {
  const until = performance.now() + deadlineMilliseconds
  let longest = FIRST_PAUSE_MILLISECONDS
  let failure: unknown
  for (;;) {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), until - performance.now())
    try {
      return await call(controller.signal)
    } catch (error) {
      // What the deadline itself ended says less than what came before it.
      failure = controller.signal.aborted ? (failure ?? error) : error
    } finally {
      clearTimeout(timer)
    }
    const pause = Math.random() * longest
    longest = Math.min(longest * 2, LONGEST_PAUSE_MILLISECONDS)
    if (!isPassing(failure) || performance.now() + pause >= until) throw failure
    await sleep(pause)
  }
}
