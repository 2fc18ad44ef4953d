import type { OperationId } from './operation.ts'

/** By operation: the request that a client probably meant when its Content-Type is wrong. */
export const typeHints: Readonly<Record<string, string>> = {
  createFile: ' PUT takes the bytes of the file alone.',
  updateFile:
    " To upload a file, not its metadata, name it in the query: `curl -T name '…/service/fileupload?file_name=name'`.",
} satisfies Partial<Record<OperationId, string>>

const putNamed = ' A file is put under its name as a form: `curl -F file=@name …/file/{bucket}`.'
const upload = " A file is uploaded with `curl -T name '…/service/fileupload?file_name=name'`."

/** By a method that a path does not have: the request that a client probably meant. */
export const methodHints: Readonly<Record<string, string>> = {
  'PUT /': upload,
  'POST /': upload,
  'PUT /file': putNamed,
  'PUT /file/:bucket': putNamed,
  'PUT /file/:bucket/:filename': putNamed,
  'POST /file/:bucket/:filename': putNamed,
  'PUT /public/:bucket/:filename': putNamed,
  'POST /public/:bucket/:filename': putNamed,
  'PUT /buckets/:bucket': putNamed,
  'POST /buckets/:bucket': putNamed,
  'POST /service/fileupload/:file_hash':
    ' A file is uploaded as a form: `curl -F upfile=@name …/service/fileupload`.',
  'PUT /service/fileupload/:file_hash/content': ` The bytes of a file never change.${upload}`,
  'POST /service/fileupload/:file_hash/content': ` The bytes of a file never change.${upload}`,
}

/** For an address at which there is nothing: `curl -T name http://host/` sends PUT /name. */
export const addressHint = (method: string): string => (method === 'PUT' || method === 'POST' ? upload : '')
