import type { Request, RequestHandler, Response } from 'express'
import type { operations } from '../../../api/openapi.gen.ts'
import type { Deps } from '../../deps.ts'

type Contents<R> = R extends { content: infer C } ? C[keyof C] : undefined
type Answer<O> = O extends { responses: infer R }
  ? { [Status in keyof R]: Contents<R[Status]> }[keyof R]
  : never
type Body<O> = O extends { requestBody: { content: infer C } }
  ? C[keyof C]
  : O extends { requestBody?: { content: infer C } }
    ? C[keyof C] | undefined
    : unknown
type Path<O> = O extends { parameters: { path: infer P } } ? P : Record<string, never>
type Query<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : Record<string, never>

export type OperationId = keyof operations

/** The function that serves an operation. Its parameters, body and answers have the types of the spec. */
export type Handler<Id extends OperationId> = (
  req: Request<Path<operations[Id]>, Answer<operations[Id]>, Body<operations[Id]>, Query<operations[Id]>>,
  res: Response<Answer<operations[Id]>>,
) => void | Promise<void>

/** One operation of api/openapi.yaml: makes its handler from the objects of the service. */
export type Operation<Id extends OperationId> = (deps: Deps) => Handler<Id>

/** Every operation of the spec, by operationId. A missing or unknown operationId does not compile. */
export type Registry = { readonly [Id in OperationId]: Operation<Id> }

/** Handlers by operationId, all with the general type of Express. */
export type BoundHandlers = ReadonlyMap<string, RequestHandler>
