// Strangers choose the names of files, so all text is shown through textContent and none is parsed as HTML.
const files = '/service/fileupload'
const byId = (id) => document.getElementById(id)
const number = new Intl.NumberFormat()

let next

/** The number of the latest request for a page of files. Answers may arrive in another order than their requests. */
let latest = 0

/** Shows a page of files, unless another page was requested in the meantime. */
async function list(url, show) {
  const request = ++latest
  const response = await fetch(url)
  const answer = await response.json()
  if (request !== latest) return
  if (!response.ok) throw new Error(answer.detail)
  next = /<([^>]*)>; rel="next"/.exec(response.headers.get('Link') ?? '')?.[1]
  byId('more').hidden = next === undefined
  show(answer)
}

async function showFirst() {
  const name = byId('name').value
  const query = new URLSearchParams({ limit: '50', ...(name !== '' && { name }) })
  await list(`${files}?${query}`, (page) => {
    byId('files').replaceChildren(...page.map(row))
    byId('state').textContent = page.length === 0 ? 'No files.' : ''
  })
}

const showMore = () => list(next, (page) => byId('files').append(...page.map(row)))

function row(file) {
  const line = document.createElement('tr')
  const link = document.createElement('a')
  link.href = file.content_url
  link.textContent = file.file_name
  const remove = document.createElement('button')
  remove.type = 'button'
  remove.textContent = 'Delete'
  remove.addEventListener('click', () => {
    if (confirm(`Delete ${file.file_name}?`)) attempt(() => removeFile(file, line))
  })
  const size = cell(number.format(file.file_size))
  size.className = 'number'
  line.append(
    cell(link),
    cell(file.file_type),
    size,
    cell(new Date(file.stored_at).toLocaleString()),
    cell(remove),
  )
  return line
}

function cell(content) {
  const element = document.createElement('td')
  element.append(content)
  return element
}

async function removeFile(file, line) {
  const response = await fetch(`${files}/${file.id}`, { method: 'DELETE' })
  if (!response.ok) throw new Error((await response.json()).detail)
  line.remove()
}

function upload(file) {
  const line = document.createElement('li')
  const state = document.createElement('span')
  line.append(file.name, state)
  byId('uploads').prepend(line)
  const form = new FormData()
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
attempt(showFirst)
