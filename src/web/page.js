// Strangers choose the names of files, so all text is shown through textContent and none is parsed as HTML.
import { askForKey, begin, bucketField, detailOf, mayDo } from './session.js'

const files = '/service/fileupload'
const byId = (id) => document.getElementById(id)
const number = new Intl.NumberFormat()

/** Larger images would be a heavy list. */
const MOST_PICTURE_BYTES = 256 * 1024

let next

/** The number of the latest request for a page of files. Answers may arrive in another order than their requests. */
let latest = 0

/** Asks the service. An answer with 401 brings back the form for the key. */
async function ask(url, options) {
  const response = await fetch(url, options)
  if (response.ok) return response
  const detail = await detailOf(response)
  if (response.status !== 401) throw new Error(detail)
  askForKey(detail)
  throw new Error('') // the form for the key says why
}

/** Shows a page of files, unless another page was requested in the meantime. */
async function list(url, show) {
  const request = ++latest
  const response = await ask(url)
  const answer = await response.json()
  if (request !== latest) return
  next = /<([^>]*)>; rel="next"/.exec(response.headers.get('Link') ?? '')?.[1]
  byId('more').hidden = next === undefined
  show(answer)
}

async function showFirst() {
  byId('state').textContent = mayDo('list') ? '' : 'This access key may not list files.'
  if (!mayDo('list')) return
  const name = byId('name').value
  const query = new URLSearchParams({ limit: '50', ...bucketField(), ...(name !== '' && { name }) })
  await list(`${files}?${query}`, (page) => {
    byId('rows').replaceChildren(...page.map(row))
    byId('state').textContent = page.length === 0 ? 'No files.' : ''
  })
}

const showMore = () => list(next, (page) => byId('rows').append(...page.map(row)))

function row(file) {
  const line = document.createElement('tr')
  const size = cell(number.format(file.file_size))
  size.className = 'number'
  line.append(
    cell(...nameOf(file)),
    cell(file.file_type),
    size,
    cell(new Date(file.stored_at).toLocaleString()),
    cell(...(mayDo('delete') ? [removeButton(file, line)] : [])),
  )
  return line
}

/** The name of a file, with a small picture of an image; a link where its bytes may be read. */
function nameOf(file) {
  if (!mayDo('read')) return [file.file_name]
  const link = document.createElement('a')
  link.href = file.content_url
  link.textContent = file.file_name
  if (!/^image\/(png|jpeg|gif|webp|avif)$/.test(file.file_type) || file.file_size > MOST_PICTURE_BYTES)
    return [link]
  const picture = document.createElement('img')
  picture.loading = 'lazy'
  picture.alt = ''
  // By the address of the page, whose cookie opens private files too; `content_url` may name another host.
  picture.src = `${files}/${file.id}/content`
  return [picture, link]
}

function removeButton(file, line) {
  const remove = document.createElement('button')
  remove.type = 'button'
  remove.textContent = 'Delete'
  remove.addEventListener('click', () => {
    if (confirm(`Delete ${file.file_name}?`)) attempt(() => removeFile(file, line))
  })
  return remove
}

function cell(...content) {
  const element = document.createElement('td')
  element.append(...content)
  return element
}

async function removeFile(file, line) {
  await ask(`${files}/${file.id}`, { method: 'DELETE' })
  line.remove()
}

function upload(file) {
  const line = document.createElement('li')
  const state = document.createElement('span')
  line.append(file.name, state)
  byId('uploads').prepend(line)
  const form = new FormData()
  for (const [name, value] of Object.entries(bucketField())) form.append(name, value)
  form.append('upfile', file)
  // Not fetch, which does not report the progress of an upload.
  const request = new XMLHttpRequest()
  request.open('POST', files)
  request.upload.addEventListener('progress', ({ loaded, total }) => {
    state.textContent = `${Math.floor((loaded / total) * 100)} %`
  })
  return new Promise((resolve) => {
    request.addEventListener('loadend', () => {
      const stored = request.status === 201
      state.textContent = stored ? 'stored' : problemOf(request)
      line.classList.toggle('failed', !stored)
      if (request.status === 401) askForKey(state.textContent)
      resolve()
    })
    request.send(form)
  })
}

function problemOf(request) {
  try {
    return JSON.parse(request.responseText).detail ?? 'failed'
  } catch {
    return 'The service could not be reached.'
  }
}

async function uploadAll(chosen) {
  for (const file of chosen) await upload(file)
  await showFirst()
}

async function attempt(action) {
  try {
    await action()
  } catch (error) {
    byId('state').textContent = error.message
  }
}

/** Forgets what was shown, for the next one who sits here. */
function forget() {
  latest++
  for (const id of ['rows', 'uploads']) byId(id).replaceChildren()
  byId('name').value = ''
  byId('more').hidden = true
  byId('state').textContent = ''
}

const drop = byId('drop')
drop.addEventListener('dragover', (event) => {
  event.preventDefault()
  drop.classList.add('over')
})
drop.addEventListener('dragleave', () => drop.classList.remove('over'))
drop.addEventListener('drop', (event) => {
  event.preventDefault()
  drop.classList.remove('over')
  attempt(() => uploadAll(event.dataTransfer.files))
})
byId('choose').addEventListener('change', (event) => attempt(() => uploadAll(event.target.files)))
byId('search').addEventListener('submit', (event) => event.preventDefault())
byId('name').addEventListener('input', () => attempt(showFirst))
byId('more').addEventListener('click', () => attempt(showMore))
begin({ entered: showFirst, left: forget, attempt })
