import { setTimeout as sleep } from 'node:timers/promises'
import type {
  $Command,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import type { YoungBuffers } from '../../runtime/youngBuffers.ts'
import { createS3Breaker } from './breaker.ts'
import { createS3Client, type S3Place } from './client.ts'
import { isPassing, toOmen } from './failures.ts'
import { createS3QuickPut, type S3PutAnswer, type S3PutInput } from './quickPut.ts'

/** Calls to one S3 server about one bucket. */
export interface S3Calls extends Pick<S3Place, 's3Bucket' | 'proof'> {
  /** Frees the buffers of answers. */
  readonly youngBuffers: YoungBuffers
  /**
   * Sends a command, again and again while it fails for reasons of the moment, until the deadline; then throws what
   * failed last. An attempt that sends a body may take longer than that. While S3 serves nobody, what failed last is
   * thrown at once; see `createS3Breaker`.
   */
  readonly send: S3Send
  /** The same for what takes as long as others like: bytes that are read slowly, parts that are put together. */
  readonly sendPatiently: S3Send
  /** Sends a PutObject as `send` would, in less time. */
  put(input: S3PutInput): Promise<S3PutAnswer>
  /** How much later it is by the clock of S3 than by this machine's, when that is more than five minutes. */
  clockOffsetMilliseconds(): number
  close(): void
}

export type S3Send = <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: $Command<Input, Output, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>,
  options?: S3CallOptions,
) => Promise<Output>

export interface S3CallOptions {
  /** How many bytes the command sends. */
  readonly bodyBytes?: number
  /** How much longer than the deadline its last attempt may take, apart from that. */
  readonly extraSeconds?: number
  /** Called when the command is sent again: what failed may have been done all the same. */
  readonly onRepeat?: () => void
}

/** A line slower than this cannot be used. */
const LEAST_BYTES_PER_SECOND = 64 * 1024

/** A trial is one attempt that takes no longer than that, apart from its body, so that few wait for what hangs. */
const TRIAL_MILLISECONDS = 5000

const usual = { silenceSeconds: 20, mostSockets: 256 }
const patient = { silenceSeconds: 300, mostSockets: 10_000 }

/** No attempt of a call begins later than `deadlineSeconds` after the first. */
export function createS3Calls(place: S3Place, deadlineSeconds: number, youngBuffers: YoungBuffers): S3Calls {
  const client = createS3Client(place, usual)
  const patientClient = createS3Client(place, patient)
  const breaker = createS3Breaker(toOmen)
  const patience = { 'as usual': deadlineSeconds * 1000, 'as a trial': TRIAL_MILLISECONDS }
  const call = <Answer>(
    attempt: (abortSignal: AbortSignal) => Promise<Answer>,
    { bodyBytes = 0, extraSeconds = 0, onRepeat = () => {} }: S3CallOptions,
  ) =>
    breaker((passage) =>
      insist(attempt, {
        deadlineMilliseconds: Math.min(patience[passage], deadlineSeconds * 1000),
        extraMilliseconds: (extraSeconds + bodyBytes / LEAST_BYTES_PER_SECOND) * 1000,
        once: passage === 'as a trial',
        onRepeat,
      }),
    )
  const sendBy =
    (by: S3Client): S3Send =>
    (command, options = {}) =>
      call((abortSignal) => by.send(command, { abortSignal }), options)
  const quickPut = createS3QuickPut(client, place)
  return {
    s3Bucket: place.s3Bucket,
    proof: place.proof,
    youngBuffers,
    send: sendBy(client),
    sendPatiently: sendBy(patientClient),
    put: (input) => call((abortSignal) => quickPut(input, abortSignal), { bodyBytes: input.bytes.length }),
    clockOffsetMilliseconds: () => client.config.systemClockOffset,
    close() {
      client.destroy()
      patientClient.destroy()
    },
  }
}

const FIRST_PAUSE_MILLISECONDS = 50
const LONGEST_PAUSE_MILLISECONDS = 5000
/** No pause is longer than this share of the deadline, so that no attempt is given up long before it. */
const LONGEST_PAUSE_SHARE = 1 / 8

interface Patience {
  readonly deadlineMilliseconds: number
  /** How much longer the last attempt may take. */
  readonly extraMilliseconds: number
  /** Whether the first attempt is the last. */
  readonly once: boolean
  readonly onRepeat: () => void
}

/** Pauses grow, and differ so that many callers do not come back in the same moment. */
async function insist<Answer>(
  call: (abortSignal: AbortSignal) => Promise<Answer>,
  { deadlineMilliseconds, extraMilliseconds, once, onRepeat }: Patience,
): Promise<Answer> {
  const until = performance.now() + deadlineMilliseconds
  const longestOfAll = Math.min(LONGEST_PAUSE_MILLISECONDS, deadlineMilliseconds * LONGEST_PAUSE_SHARE)
  let longest = FIRST_PAUSE_MILLISECONDS
  let failure: unknown
  for (;;) {
    const controller = new AbortController()
    const timer = setTimeout(
      () => controller.abort(),
      Math.max(1, until + extraMilliseconds - performance.now()),
    )
    try {
      return await call(controller.signal)
    } catch (error) {
      // What the deadline itself ended says less than what came before it.
      failure = controller.signal.aborted ? (failure ?? error) : error
    } finally {
      clearTimeout(timer)
    }
    const pause = Math.random() * longest
    longest = Math.min(longest * 2, longestOfAll)
    if (once || !isPassing(failure) || performance.now() + pause >= until) throw failure
    await sleep(pause)
    onRepeat()
  }
}
