// Runs in the pages of strangers, as text.

/** What such a page can try without permission. Resolves with the answers that it could read. */
// biome-ignore lint/correctness/noUnusedVariables: the test calls it
async function tryEverything({ base, files, id }) {
  const read = []
  const attempt = async (path, options = {}) => {
    try {
      const answer = await fetch(`${base}${path}`, options)
      if (answer.type !== 'opaque') read.push(`${options.method ?? 'GET'} ${path}: ${answer.status}`)
    } catch {
      // The browser keeps the answer from the page.
    }
  }
  const form = new FormData()
  form.append('upfile', new File(['forged'], 'forged.txt'))
  for (const mode of ['cors', 'no-cors']) {
    await attempt(files, { mode })
    await attempt(`${files}/${id}/content`, { mode })
    await attempt(files, { mode, method: 'POST', body: form })
    await attempt('/s3/params?filename=forged.txt', { mode })
  }
  await attempt(files, { method: 'PUT', body: 'forged' })
  await attempt(`${files}/${id}`, { method: 'DELETE' })
  await attempt(`${files}/${id}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: '{"file_name":"forged"}',
  })
  return read
}

/** Sends a form of HTML into a frame, as a click would. */
// biome-ignore lint/correctness/noUnusedVariables: the test calls it
function sendForm(action) {
  const frame = document.body.appendChild(document.createElement('iframe'))
  frame.name = `answer${Math.random()}`
  const form = document.body.appendChild(document.createElement('form'))
  const input = form.appendChild(document.createElement('input'))
  input.type = 'file'
  input.name = 'upfile'
  const transfer = new DataTransfer()
  transfer.items.add(new File(['forged'], 'forged.txt'))
  input.files = transfer.files
  Object.assign(form, { method: 'post', enctype: 'multipart/form-data', action, target: frame.name })
  form.submit()
}

/** Shows a page in a frame, as far as the browser lets it. */
// biome-ignore lint/correctness/noUnusedVariables: the test calls it
async function showFrame(url) {
  const frame = document.body.appendChild(document.createElement('iframe'))
  const loaded = new Promise((resolve) => {
    frame.addEventListener('load', resolve)
  })
  frame.src = url
  await loaded
}
