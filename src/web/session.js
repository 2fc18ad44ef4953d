// The key goes from the field to the service and nowhere else. The cookie that comes back is hidden from scripts.
const byId = (id) => document.getElementById(id)

/** What GET /whoami answered; undefined while nobody is known. */
let who
let pages = { entered: async () => {}, left: () => {} }

/** Whether the caller has this scope. */
export const mayDo = (scope) => who?.scopes.some((had) => had === scope || had === 'admin') ?? false

/** The bucket that the page shows, as a field: none, so that the service chooses, unless the caller may use others only. */
export function bucketField() {
  const buckets = who?.buckets ?? []
  const other = buckets.find((name) => !name.includes('*'))
  return buckets.includes('*') || buckets.includes('default') || other === undefined ? {} : { bucket: other }
}

/** The sentence of a problem. */
export async function detailOf(response) {
  const problem = await response.json().catch(() => ({}))
  return problem.detail ?? problem.title ?? `The service answered ${response.status}.`
}

/** Shows the form for the key. `reason` says why, where the caller was in before. */
export function askForKey(reason = '') {
  if (who) pages.left()
  who = undefined
  byId('inside').hidden = true
  byId('logout').hidden = true
  byId('login').hidden = false
  byId('refusal').textContent = reason
  byId('key').focus()
}

/** Shows the files, or the form for the key when the service wants one. */
async function enter(reason) {
  const response = await fetch('/whoami')
  if (response.status === 401) return askForKey(reason)
  if (!response.ok) throw new Error(await detailOf(response))
  who = await response.json()
  byId('login').hidden = true
  byId('inside').hidden = false
  byId('drop').hidden = !mayDo('write')
  byId('search').hidden = !mayDo('list')
  byId('table').hidden = !mayDo('list')
  byId('logout').hidden = who.kind === 'anyone'
  await pages.entered()
}

async function logIn() {
  const key = byId('key').value.trim()
  byId('key').value = ''
  const body = JSON.stringify({ key })
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  })
  if (!response.ok) return askForKey(await detailOf(response))
  await enter('The browser did not keep the session: allow cookies here, or open the page by https.')
}

async function logOut() {
  const response = await fetch('/session', { method: 'DELETE' })
  if (!response.ok) throw new Error(await detailOf(response))
  askForKey()
}

/** Calls `entered` whenever the caller got in, and `left` whenever they got out. `attempt` shows what an action throws. */
export async function begin({ entered, left, attempt }) {
  pages = { entered, left }
  byId('login').addEventListener('submit', (event) => {
    event.preventDefault()
    attempt(logIn)
  })
  byId('logout').addEventListener('click', () => attempt(logOut))
  await attempt(enter)
}
