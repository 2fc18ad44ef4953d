import type { Request } from 'express'
import { lookalike } from '../../runtime/nearest.ts'
import { decodeParameter, memberKey } from '../fields/query.ts'
import { type HttpError, invalidParameter } from '../problems/httpErrors.ts'
import { descriptionOf } from './context.ts'
import { type DescribedParameter, needsLink } from './describedOperation.ts'

/**
 * Refuses query parameters that the operation does not know, or removes them when the spec says that it ignores them: other sites
 * and tools append parameters of their own to an address that people share, or that a load balancer asks. The validator would
 * let all pass where one parameter is an object, and reads brackets as a path into an object, of which it drops some. A link is
 * left to `requireLink`: its signature covers the query.
 */
export function judgeUnknownParameters(req: Request): void {
  const description = descriptionOf(req)
  const [path = '', query] = req.url.split(/\?(.*)/s)
  if (query === undefined || !description || needsLink(description)) return
  const parameters = description.parameters?.filter((parameter) => parameter.in === 'query') ?? []
  const pairs = query.split('&').filter((pair) => pair !== '')
  const isKnown = (pair: string) => parameters.some((parameter) => hasName(parameter, nameOf(pair)))
  if (description['x-unknown-parameters'] === 'ignored') {
    const known = pairs.filter(isKnown)
    req.url = known.length === 0 ? path : `${path}?${known.join('&')}`
    return
  }
  const unknown = pairs.find((pair) => !isKnown(pair))
  if (unknown !== undefined) throw refusal(nameOf(unknown).slice(0, 100), parameters)
}

const nameOf = (pair: string) => decodeParameter(pair.split('=', 1)[0] ?? '')

const hasName = ({ name, style }: DescribedParameter, asked: string) =>
  style === 'deepObject' ? memberKey(name, asked) !== undefined : asked === name

function refusal(name: string, parameters: readonly DescribedParameter[]): HttpError {
  const known = new Map(parameters.map((parameter) => [parameter.name, writtenName(parameter)]))
  const meant = lookalike(name.replace(/\[.*$/s, ''), [...known.keys()])
  const works = meant === undefined ? [...known.values()].join(', ') : known.get(meant)
  return invalidParameter(name, `is unknown: ${works === '' ? 'there are none here' : `use ${works}`}`)
}

const writtenName = ({ name, style }: DescribedParameter) => (style === 'deepObject' ? `${name}[key]` : name)
