import type { Registry } from '../http/operation.ts'
import { createFile } from './files/createFile.ts'
import { deleteFile } from './files/deleteFile.ts'
import { downloadFile } from './files/downloadFile.ts'
import { getFile } from './files/getFile.ts'
import { listFiles } from './files/listFiles.ts'
import { putFile } from './files/putFile.ts'
import { updateFile } from './files/updateFile.ts'
import { getHealthcheck } from './health/getHealthcheck.ts'
import { getLiveness } from './health/getLiveness.ts'
import { getReadiness } from './health/getReadiness.ts'
import { getRoot } from './health/getRoot.ts'

/** Every operation of api/openapi.yaml, by its operationId. */
export const registry: Registry = {
  createFile,
  deleteFile,
  downloadFile,
  getFile,
  getHealthcheck,
  getLiveness,
  getReadiness,
  getRoot,
  listFiles,
  putFile,
  updateFile,
}
