import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, freshText, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { beginMultipart, sendPart } from '../support/direct.ts'
import { follow } from '../support/named.ts'
import { rawRequest } from '../support/rawRequest.ts'
import { sendRaw } from '../support/sendRaw.ts'

describeService('a refusal says what would work', (service) => {
  const form = 'multipart/form-data; boundary=b'
  const large = 'x'.repeat(200_000)

  it.each([
    [
      'curl -T to a folder',
      'PUT',
      `${filesPath}/photo.jpg`,
      undefined,
      415,
      /curl -T name .*\?file_name=name/,
    ],
    [
      'curl -T of a file named as a hash',
      'PUT',
      `${filesPath}/${'a'.repeat(32)}`,
      undefined,
      415,
      /curl -T name .*\?file_name=name/,
    ],
    [
      'changes that are no JSON',
      'PUT',
      `${filesPath}/photo.jpg`,
      'image/jpeg',
      415,
      /application\/json.*curl -T/,
    ],
    [
      'curl -T to a name',
      'PUT',
      '/file/photos/photo.jpg',
      undefined,
      405,
      /curl -F file=@name .*\/file\/\{bucket\}/,
    ],
    ['curl -T to a bucket', 'PUT', '/file/photos', undefined, 405, /curl -F file=@name/],
    ['curl -T without a bucket', 'PUT', '/file', undefined, 405, /curl -F file=@name/],
    ...['/', '/public/photos/photo.jpg', '/buckets/photos', `${filesPath}/x/content`].flatMap((path) =>
      ['PUT', 'POST'].map((method): [string, string, string, string | undefined, number, RegExp] => [
        `${method} ${path}`,
        method,
        path,
        undefined,
        405,
        /curl -(T|F)/,
      ]),
    ),
    ['a form for a name', 'POST', '/file/photos/photo.jpg', form, 405, /curl -F file=@name/],
    ['a form for a file', 'POST', `${filesPath}/photo.jpg`, form, 405, /curl -F upfile=@name/],
    ['a raw POST', 'POST', filesPath, 'image/jpeg', 415, /"upfile".*curl -F upfile=@name.*PUT/],
    ['a raw POST without a type', 'POST', filesPath, undefined, 415, /"upfile".*PUT/],
    ['a raw POST to a bucket', 'POST', '/file/photos', 'image/jpeg', 415, /"file".*curl -F file=@name/],
    ['a raw POST without a bucket', 'POST', '/file', undefined, 415, /"file".*curl -F file=@name/],
    ['a PUT of a form', 'PUT', filesPath, form, 415, /POST/],
    ['a PUT of a form in capitals', 'PUT', filesPath, 'Multipart/Form-Data;boundary=b', 415, /POST/],
    [
      'a method that is none',
      'PATCH',
      filesPath,
      undefined,
      405,
      /no method PATCH: use GET, POST, PUT, HEAD, OPTIONS/,
    ],
  ])('to %s', async (_what, method, path, type, status, detail) => {
    const answer = await sendRaw(
      service,
      method,
      path,
      type === undefined ? {} : { 'Content-Type': type },
      large,
    )
    expect(answer).toBeProblem(status, status === 405 ? 'method-not-allowed' : 'unsupported-media-type')
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(detail) })
  })

  it.each(['/photo.jpg', '/service/photo.jpg', '/public/photo.jpg', '/public/photos/'])(
    'to a file sent to %s, where nothing is',
    async (path) => {
      const answer = await sendRaw(service, 'PUT', path, {}, large)
      expect(answer).toBeProblem(404, 'not-found')
      expect(answer.body).toMatchObject({ detail: expect.stringMatching(/curl -T name .*file_name=name/) })
      const { body } = await sendRaw(service, 'GET', path)
      expect(body).toMatchObject({ detail: 'There is nothing at this address.' })
    },
  )

  it('to a part of an upload that was aborted', async () => {
    const { body } = await beginMultipart(service)
    const { uploadId, key } = body
    const { url } = (await send<{ url: string }>(service, `/s3/multipart/${uploadId}/1?key=${key}`)).body
    await send(service, `/s3/multipart/${uploadId}?key=${key}`, { method: 'DELETE' })
    const answer = await send(service, url, { method: 'PUT', body: 'x' })
    expect(answer).toBeProblem(404, 'file-not-found')
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(/no such upload.*aborted/) })
  })

  it.each([
    ['letters beyond ASCII', `${filesPath}?file_name=Zürich.txt`],
    ['blanks', `${filesPath}?file_name=a b.txt`],
  ])('to an address with %s', async (_what, target) => {
    const answer = await rawRequest(
      service,
      `PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx`,
    )
    expect(answer).toBeProblem(400)
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(/percent-encoded/) })
  })

  it('to a form that is sent by PUT with a link', async () => {
    const { body } = await beginMultipart(service)
    await sendPart(service, body.uploadId, 1, Buffer.from('the bytes'))
    const signed = await send<{ url: string }>(service, `/s3/multipart/${body.uploadId}/2?key=${body.key}`)
    if (process.env.TEST_STORAGE === 's3') return // S3 takes parts of every type.
    const answer = await follow(service, signed.body.url, {
      method: 'PUT',
      headers: { 'Content-Type': form },
      body: 'x',
    })
    expect(answer).toBeProblem(415, 'unsupported-media-type')
  })

  it('with a line that works', async () => {
    const named = await sendRaw(service, 'PUT', `${filesPath}?file_name=name`, {}, freshText())
    expect(named).toMatchObject({ status: 201, body: { file_name: 'name' } })
    expect((await upload(service, freshText())).status).toBe(201)
    expect((await send<FileBody[]>(service, filesPath)).body).toHaveLength(2)
  })
})
