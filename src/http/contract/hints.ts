import type { OperationId } from './operation.ts'

/** For operations that clients take for another one: how that other one is called. */
export const typeHints: Readonly<Record<string, string>> = {
  createFile: ' PUT takes the bytes of the file alone.',
  updateFile:
    " To upload a file, not its metadata, name it in the query: `curl -T name '…/service/fileupload?file_name=name'`.",
} satisfies Partial<Record<OperationId, string>>

const putNamed = ' A file is put under its name as a form: `curl -F file=@name …/file/{bucket}`.'

/** For methods that clients expect of a path and that it does not have: how the method that it has is called. */
export const methodHints: Readonly<Record<string, string>> = {
  'PUT /file': putNamed,
  'PUT /file/:bucket': putNamed,
  'PUT /file/:bucket/:filename': putNamed,
  'POST /file/:bucket/:filename': putNamed,
  'POST /service/fileupload/:file_hash':
    ' A file is uploaded as a form: `curl -F upfile=@name …/service/fileupload`.',
}
