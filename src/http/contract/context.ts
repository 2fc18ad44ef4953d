import type { IncomingMessage } from 'node:http'
import type { IdempotentClaim } from '../../domain/storing/idempotency.ts'
import type { Actor } from '../../model/actor.ts'
import type { Receipt } from '../../model/blob.ts'
import type { DescribedOperation } from './describedOperation.ts'

/** Facts about one request that one middleware finds, and later middleware or the handler needs. */
export interface RequestContext {
  readonly id: string
  /** Scheme, host and path that addresses in the answer begin with; empty when they are relative. */
  readonly publicBase: string
  /** Undefined until `findOperation` has found the operation. */
  operation: RequestedOperation | undefined
  /** Undefined until `authenticate` has found out who makes the request. */
  actor: Actor | undefined
  /** Whether the request came with the cookie of a session that is not valid, or no longer. */
  sessionEnded: boolean
  /** The claim on the request's Idempotency-Key. */
  claim: IdempotentClaim | undefined
  /** The file that came with the request, until a handler takes it. */
  received: ReceivedFile | undefined
}

/** The operation that a request asks for. */
export interface RequestedOperation {
  /** The operationId of the handler. A HEAD that the spec does not name has the operationId of its GET. */
  readonly id: string
  readonly description: DescribedOperation
  /** The parameters in the path, decoded. */
  readonly pathParameters: Record<string, string>
}

/** A file that came with a request. Its bytes are in the storage; its record is not committed. */
export interface ReceivedFile {
  readonly receipt: Receipt
  readonly filename: string | undefined
  readonly contentType: string | undefined
}

const contexts = new WeakMap<IncomingMessage, RequestContext>()

/** Begins the context of a request. The first middleware calls this. */
export function beginContext(req: IncomingMessage, start: Pick<RequestContext, 'id' | 'publicBase'>): void {
  contexts.set(req, {
    ...start,
    operation: undefined,
    actor: undefined,
    sessionEnded: false,
    claim: undefined,
    received: undefined,
  })
}

/** The context of a request. Throws an Error when the request has none. */
export function contextOf(req: IncomingMessage): RequestContext {
  const context = contexts.get(req)
  if (!context) throw new Error('The request has no context: identifyRequest must run before.')
  return context
}

/** Who makes a request. Throws an Error when nobody has found out. */
export function actorOf(req: IncomingMessage): Actor {
  const { actor } = contextOf(req)
  if (!actor) throw new Error('The request has no actor: authenticate must run before.')
  return actor
}

/** The operation that a request asks for, as the spec describes it. */
export const descriptionOf = (req: IncomingMessage): DescribedOperation | undefined =>
  contextOf(req).operation?.description

/** Whether the operation of a request has this parameter in the spec. */
export const declares = (req: IncomingMessage, name: string): boolean =>
  descriptionOf(req)?.parameters?.some((parameter) => parameter.name === name) ?? false
