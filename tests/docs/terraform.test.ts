import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Block,
  type Configuration,
  expression,
  loadTerraform,
  parseVariables,
  readTerraform,
  references,
} from '../support/terraform.ts'

let terraform: Configuration
let locals: Block
beforeAll(async () => {
  terraform = await loadTerraform()
  locals = Object.assign({}, ...terraform.locals)
})

const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted()
/** The rows of a table, their cells apart. */
const rows = (text: string) =>
  [...text.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, name, rest = '']) => [
    name,
    ...rest.split('|').map((cell) => cell.trim()),
  ])

describe('deploy/terraform', () => {
  it('uses the variables that it declares, and declares those that it uses', () => {
    expect(sorted(references(terraform, 'var'))).toEqual(sorted(Object.keys(terraform.variable)))
  })

  it('uses the locals that it declares, and declares those that it uses', () => {
    expect(sorted(references(terraform, 'local'))).toEqual(sorted(Object.keys(locals)))
  })

  it('refers to resources that there are', () => {
    const types = { '': terraform.resource, 'data.': terraform.data, 'ephemeral.': terraform.ephemeral }
    for (const [root, kinds] of Object.entries(types)) {
      const used = [...references(terraform, root === '' ? '(?:aws_\\w+)' : `${root}aws_\\w+`)]
      const declared = Object.values(kinds).flatMap((named) => Object.keys(named))
      expect([root, used.filter((name) => !declared.includes(name))]).toEqual([root, []])
      for (const [type, named] of Object.entries(kinds)) {
        const wrong = [...references(terraform, `${root}${type}`)].filter((name) => !(name in named))
        expect([type, wrong]).toEqual([type, []])
      }
    }
  })

  it('describes every variable and output, and its README does in the same words', () => {
    const [, variables = '', outputs = ''] = readTerraform('README.md').split(/^## (?:Variables|Outputs)$/m)
    const told = rows(variables)
    const meant = Object.entries(terraform.variable).map(([name, [block]]) => {
      expect(block).toMatchObject({ type: expect.any(String), description: expect.stringMatching(/\S/) })
      const fallback = block.default === null ? '' : `\`${JSON.stringify(block.default)}\``
      return [name, 'default' in block ? fallback : 'required', block.description]
    })
    expect(told.toSorted()).toEqual(meant.toSorted())
    const outcomes = Object.entries(terraform.output).map(([name, [block]]) => [name, block.description])
    expect(rows(outputs).toSorted()).toEqual(outcomes.toSorted())
  })

  it('has an example that sets what is required, and nothing that there is not', async () => {
    const text = readTerraform('terraform.tfvars.example')
    // A secret does not belong into a file.
    const required = Object.entries(terraform.variable).filter(
      ([, [block]]) => !('default' in block || block.ephemeral === true),
    )
    expect(Object.keys(await parseVariables(text))).toEqual(
      expect.arrayContaining(required.map(([name]) => name)),
    )
    const all = await parseVariables(text.replace(/^# (?=\w+ *= )/gm, ''))
    expect(Object.keys(all).length).toBeGreaterThan(required.length + 5)
    expect(Object.keys(all).filter((name) => !(name in terraform.variable))).toEqual([])
  })

  it('holds no secret, and lets none get into the state', () => {
    const text = JSON.stringify(terraform)
    expect(text).not.toMatch(/AKIA|BEGIN [A-Z ]*PRIVATE KEY/)
    const words = text.matchAll(/"(\w*(?:password|secret_string|token|secret_key)\w*)":"([^"]*)"/g)
    expect([...words].map(([, name, value]) => `${name} ${value}`).toSorted()).toEqual([
      expect.stringMatching(/^password_wo \$\{ephemeral\./),
      `password_wo_version ${expression('var.database_password_version')}`,
      expect.stringMatching(/^secret_string_wo \$\{ephemeral\./),
      `secret_string_wo ${expression('var.admin_keys')}`,
      `secret_string_wo_version ${expression('var.admin_keys_version')}`,
      `secret_string_wo_version ${expression('var.database_password_version')}`,
    ])
    expect(terraform.variable.admin_keys?.[0]).toMatchObject({ sensitive: true, ephemeral: true })
  })
})
