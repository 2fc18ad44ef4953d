import type { ParseArgsOptionsConfig } from 'node:util'
import { settingNames } from '../config/names.ts'
import { nearest } from '../runtime/nearest.ts'

/** An option as it was written, as `--deep` or `--to=s3`. */
interface WrittenOption {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

/** Says why a command does not take an option, and what works instead; undefined when it takes the option. */
export function explainOption(
  { name, rawName, value }: WrittenOption,
  known: ParseArgsOptionsConfig,
): string | undefined {
  const option = Object.hasOwn(known, name) ? known[name] : undefined
  if (!option) return `there is no option "${rawName}"${whatWorks(name, Object.keys(known))}`
  if (option.type === 'string' && value === undefined) return `"${rawName}" needs a value`
  if (option.type === 'boolean' && value !== undefined) return `"${rawName}" takes no value, not "${value}"`
  return undefined
}

function whatWorks(name: string, options: readonly string[]): string {
  const setting = name.toUpperCase().replaceAll('-', '_')
  if (settingNames.some((each) => each === setting)) return `: set ${setting} in the environment`
  const option = nearest(name, options, () => 2)
  return option === undefined ? '' : `: did you mean "--${option}"?`
}
