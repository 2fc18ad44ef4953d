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
import { createS3Client, type S3Location } from './client.ts'
import { isPassing, toVerdict } from './failures.ts'
import { createS3QuickPut, type S3PutAnswer, type S3PutInput } from './quickPut.ts'

/** Calls to one S3 server about one bucket. */
export interface S3Calls extends Pick<S3Location, 's3Bucket' | 'proof'> {
  /** Frees the buffers of answers. */
  readonly youngBuffers: YoungBuffers
  /**
   * Sends a command, and again while it fails with a passing failure, until the deadline; then throws the last failure.
   * An attempt that sends a body may end later than the deadline. While S3 is down, the last failure is thrown at once
   * (`createS3Breaker`).
   */
  readonly send: S3Send
  /** As `send`, for answers that may be silent for minutes: slow readers, parts that S3 puts together. */
  readonly sendPatiently: S3Send
  /** Sends a PutObject as `send` would, with less CPU time. */
  put(input: S3PutInput): Promise<S3PutAnswer>
  /** How far the clock of S3 is ahead of this machine's; 0 when they differ by less than five minutes. */
  clockOffsetMilliseconds(): number
  /** Cuts the calls that are under way: they throw, as every later call does. */
  close(): void
}

export type S3Send = <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: $Command<Input, Output, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>,
  options?: S3CallOptions,
) => Promise<Output>

export interface S3CallOptions {
  /** Bytes that the command sends. */
  readonly bodyBytes?: number
  /** Seconds beyond the deadline that the last attempt may take, beside the time for its body. */
  readonly extraSeconds?: number
  /** Called before the command is sent again: the failed attempt may have taken effect. */
  readonly onRepeat?: () => void
}

/** The time for a body is counted with this rate: a slower line cannot be used. */
const LEAST_BYTES_PER_SECOND = 64 * 1024

/** A trial is one attempt that takes no longer, beside the time for its body, so that few callers wait for an S3 that hangs. */
const TRIAL_MILLISECONDS = 5000

const usual = { silenceSeconds: 20, mostSockets: 256 }
const patient = { silenceSeconds: 300, mostSockets: 10_000 }

/** No attempt of a call begins later than `deadlineSeconds` after the first. */
export function createS3Calls(
  location: S3Location,
  deadlineSeconds: number,
  youngBuffers: YoungBuffers,
): S3Calls {
  const client = createS3Client(location, usual)
  const patientClient = createS3Client(location, patient)
  const breaker = createS3Breaker(toVerdict)
  const running = new Set<AbortController>()
  let closed = false
  const deadlines = { 'as usual': deadlineSeconds * 1000, 'as a trial': TRIAL_MILLISECONDS }
  const call = async <Answer>(
    attempt: (abortSignal: AbortSignal) => Promise<Answer>,
    { bodyBytes = 0, extraSeconds = 0, onRepeat = () => {} }: S3CallOptions,
  ) => {
    if (closed) throw new Error('The storage is closed.')
    return await breaker((mode) =>
      insist(attempt, {
        deadlineMilliseconds: Math.min(deadlines[mode], deadlineSeconds * 1000),
        extraMilliseconds: (extraSeconds + bodyBytes / LEAST_BYTES_PER_SECOND) * 1000,
        once: mode === 'as a trial',
        onRepeat,
        running,
      }),
    )
  }
  const sendBy =
    (by: S3Client): S3Send =>
    (command, options = {}) =>
      call((abortSignal) => by.send(command, { abortSignal }), options)
  const quickPut = createS3QuickPut(client, location)
  return {
    s3Bucket: location.s3Bucket,
    proof: location.proof,
    youngBuffers,
    send: sendBy(client),
    sendPatiently: sendBy(patientClient),
    put: (input) => call((abortSignal) => quickPut(input, abortSignal), { bodyBytes: input.bytes.length }),
    clockOffsetMilliseconds: () => client.config.systemClockOffset,
    close() {
      closed = true
      for (const each of running) each.abort()
      client.destroy()
      patientClient.destroy()
    },
  }
}

const FIRST_PAUSE_MILLISECONDS = 50
const LONGEST_PAUSE_MILLISECONDS = 5000
/** No pause is longer than this share of the deadline: the last attempt should begin near the deadline. */
const LONGEST_PAUSE_SHARE = 1 / 8

interface Attempts {
  readonly deadlineMilliseconds: number
  /** Time beyond the deadline that the last attempt may take. */
  readonly extraMilliseconds: number
  /** Whether the first attempt is the last. */
  readonly once: boolean
  readonly onRepeat: () => void
  /** Has the call while it is under way, so that it can be cut. */
  readonly running: Set<AbortController>
}

/**
 * Calls until an answer comes, the deadline has passed or the call is cut. Pauses grow, and are random so that callers do not
 * return together.
 */
async function insist<Answer>(
  call: (abortSignal: AbortSignal) => Promise<Answer>,
  { deadlineMilliseconds, extraMilliseconds, once, onRepeat, running }: Attempts,
): Promise<Answer> {
  const until = performance.now() + deadlineMilliseconds
  const longestOfAll = Math.min(LONGEST_PAUSE_MILLISECONDS, deadlineMilliseconds * LONGEST_PAUSE_SHARE)
  let longest = FIRST_PAUSE_MILLISECONDS
  let failure: unknown
  const controller = new AbortController()
  const { signal } = controller
  const timer = setTimeout(() => controller.abort(), deadlineMilliseconds + extraMilliseconds)
  running.add(controller)
  try {
    for (;;) {
      try {
        return await call(signal)
      } catch (error) {
        // An attempt that was cut says less than the failure before it.
        failure = signal.aborted ? (failure ?? error) : error
      }
      const pause = Math.random() * longest
      longest = Math.min(longest * 2, longestOfAll)
      if (once || signal.aborted || !isPassing(failure) || performance.now() + pause >= until) throw failure
      await sleep(pause, undefined, { signal }).catch(() => {})
      if (signal.aborted) throw failure
      onRepeat()
    }
  } finally {
    clearTimeout(timer)
    running.delete(controller)
  }
}
