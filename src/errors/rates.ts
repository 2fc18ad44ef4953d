import { FileServiceError } from '../errors.ts'

const sentences = {
  key: (quota: number) => `The access key may make ${quota} requests a minute.`,
  user: (quota: number) => `A user may make ${quota} requests a minute.`,
  month: (quota: number) => `The access key may make ${quota} requests in a calendar month (UTC).`,
  anonymous: (quota: number) => `Without an access key, an address may make ${quota} requests a minute.`,
  failed: (quota: number) => `More than ${quota} credentials a minute from this address were wrong.`,
}

interface Exceeded {
  readonly policy: keyof typeof sentences
  readonly quota: number
  readonly seconds: number
}

/** Too many requests. `violated-policies` is a name of draft-ietf-httpapi-ratelimit-headers; `seconds` until one is served. */
export const rateLimited = ({ policy, quota, seconds }: Exceeded) =>
  new FileServiceError('rate-limited', `${sentences[policy](quota)} Try again in ${seconds} s.`, {
    'violated-policies': [policy],
    retry_after: seconds,
  })
