import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

/** A block of Terraform's language: its arguments, and the blocks in it, each as a list. Expressions are `${…}`. */
export type Block = Readonly<Record<string, unknown>>
/** Blocks of one kind by their name, each as a list. */
export type Named = Readonly<Record<string, readonly [Block]>>

/** All files of a configuration as one. */
export interface Configuration {
  readonly variable: Named
  readonly output: Named
  /** By type and name. */
  readonly resource: Readonly<Record<string, Named>>
  readonly data: Readonly<Record<string, Named>>
  readonly ephemeral: Readonly<Record<string, Named>>
  readonly locals: readonly Block[]
}

interface Parser {
  parse(file: string, text: string): Promise<Readonly<Record<string, unknown>>>
}

// Its types would bring those of browsers along.
const { parse }: Parser = createRequire(import.meta.url)('@cdktf/hcl2json')

const directory = resolve(import.meta.dirname, '../../deploy/terraform')
export const readTerraform = (name: string): string => readFileSync(join(directory, name), 'utf8')

/** Parses deploy/terraform with Terraform's own parser. Throws the parser's message about an invalid file. */
export async function loadTerraform(): Promise<Configuration> {
  const files = readdirSync(directory).filter((name) => name.endsWith('.tf'))
  const parsed = await Promise.all(files.map((name) => parse(name, readTerraform(name))))
  return parsed.reduce(merge, nothing) as unknown as Configuration
}

/** The arguments of a file as terraform.tfvars. */
export const parseVariables = (text: string): Promise<Block> => parse('terraform.tfvars', text)

/** An expression as the parser gives it back. */
export const expression = (text: string): string => `\${${text}}`

/** Names that expressions refer to below a root, as `var` in `var.name`. */
export function references(part: unknown, root: string): Set<string> {
  const found = JSON.stringify(part).matchAll(new RegExp(`(?<![\\w.])${root}\\.([a-z_]\\w*)`, 'g'))
  return new Set([...found].map(([, name]) => String(name)))
}

const nothing = { variable: {}, output: {}, resource: {}, data: {}, ephemeral: {}, locals: [] }

/** Joins lists, and merges objects name by name. */
function merge(one: Block, other: Block): Block {
  const merged: Record<string, unknown> = { ...one }
  for (const [name, value] of Object.entries(other)) {
    const there = merged[name]
    if (Array.isArray(there) && Array.isArray(value)) merged[name] = [...there, ...value]
    else if (isBlock(there) && isBlock(value)) merged[name] = merge(there, value)
    else merged[name] = value
  }
  return merged
}

const isBlock = (value: unknown): value is Block =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
