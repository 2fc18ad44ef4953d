import { filesPath } from '../../http/answers/fileBody.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { loadPage, pagePolicies } from '../../http/pages/page.ts'
import { packageVersion } from '../../runtime/packageVersion.ts'

export const getRoot: Operation<'getRoot'> = () => {
  const page = loadPage()
  const service = {
    message: 'The service is running.',
    name: 'upfile',
    version: packageVersion,
    docs: '/docs',
    openapi: '/openapi.json',
    files: filesPath,
  }
  return (req, res) => {
    res.vary('Accept')
    if (req.accepts(['application/json', 'text/html']) !== 'text/html') return void res.json(service)
    res.set(pagePolicies).type('html').send(page)
  }
}
