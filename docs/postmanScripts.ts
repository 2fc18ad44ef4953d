import type { Example } from './examples.ts'

/** A script that Postman runs before or after a request. */
export const toEvent = (listen: 'prerequest' | 'test', exec: readonly string[]) => ({
  listen,
  script: { type: 'text/javascript', exec },
})

/** Runs after every request. A bucket with other files stays, because the service refuses to delete it. */
export const removeMade = [
  "const made = JSON.parse(pm.collectionVariables.get('made'))",
  "const location = pm.response.headers.get('Location')",
  // With PUBLIC_URL the service says where others reach it, which may be elsewhere.
  "if (pm.response.code === 201 && location) made.push(location.replace(/^\\w+:\\/\\/[^/]+/, ''))",
  "const done = pm.request.method === 'DELETE' ? made.splice(0) : []",
  "const key = pm.variables.get('key')",
  "const header = key ? [{ key: 'x-api-key', value: key }] : []",
  "const url = pm.variables.replaceIn('{{baseUrl}}')",
  "for (const path of done) pm.sendRequest({ url: url + path, method: 'DELETE', header })",
  "pm.collectionVariables.set('made', JSON.stringify(made))",
]

/** Runs before the request that makes a key: the first key closes an open service for good, which no run may do by the way. */
export const skipFirstKey = ["if (!pm.variables.get('key')) pm.execution.skipRequest()"]

/** Runs after the request of an example. */
export function toTest({ answer, operation }: Example): string[] {
  const keep = operation.method === 'post' && Object.hasOwn(Object(answer.value), 'file_hash')
  return [
    `pm.test('answers ${answer.status}', () => pm.response.to.have.status(${answer.status}))`,
    // What was uploaded is what the other requests are about, whichever file was chosen.
    ...(keep ? ["pm.collectionVariables.set('file_hash', pm.response.json().file_hash)"] : []),
  ]
}
