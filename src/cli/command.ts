import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { packageVersion } from '../runtime/packageVersion.ts'
import { explainOption } from './explainOption.ts'

/** A command of `upfile`, as data: `runCommand` checks its words and prints its help. */
export interface Command {
  readonly name: string
  /** The words after the name, as `up|down|status`; empty when there are none. */
  readonly usage: string
  /** What the command does, for the list of all commands. */
  readonly summary: string
  /** The text of --help below the usage line, exit codes included. */
  readonly help: string
  /** Options other than --help. */
  readonly options: ParseArgsOptionsConfig
  /** How many words the command takes at most that are no options. */
  readonly words: number
  /** Resolves with the exit code. A text says which word or value is wrong: nothing was done then. */
  run(call: Call): Promise<number> | string
}

/** What follows the name of a command. */
export interface Call {
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

const HELP_WORDS = ['--help', '-h', 'help']
const VERSION_WORDS = ['--version', '-v', 'version']

/** Runs the command that the first word names. Resolves with the exit code: 2 for a wrong call. */
export async function runCommand(
  commands: readonly Command[],
  [name = '', ...words]: readonly string[],
): Promise<number> {
  if (HELP_WORDS.includes(name)) return print(process.stdout, listCommands(commands), 0)
  if (VERSION_WORDS.includes(name)) return print(process.stdout, `upfile ${packageVersion}\n`, 0)
  const command = commands.find((each) => each.name === name)
  if (!command)
    return print(process.stderr, `upfile: there is no command "${name}"\n\n${listCommands(commands)}`, 2)
  const call = parseCall(command, words)
  if (typeof call !== 'string' && call.options.help)
    return print(process.stdout, `upfile ${called(command)}\n\n${command.help}`, 0)
  const running = typeof call === 'string' ? call : command.run(call)
  if (typeof running !== 'string') return await running
  return print(process.stderr, `upfile ${called(command)}: ${running}\n\n${command.help}`, 2)
}

/** The words and options of a call; a text when one of them is not of this command, or an option lacks its value. */
function parseCall({ options, words }: Command, args: readonly string[]): Call | string {
  const known: ParseArgsOptionsConfig = { ...options, help: { type: 'boolean', short: 'h' } }
  const parsed = parseArgs({
    args: [...args],
    options: known,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of parsed.tokens) {
    const complaint = token.kind === 'option' && explainOption(token, known)
    if (complaint) return complaint
  }
  const extra = parsed.positionals[words]
  if (extra !== undefined) return `"${extra}" is one word too many`
  return { words: parsed.positionals, options: parsed.values }
}

function print(stream: NodeJS.WriteStream, text: string, code: number): number {
  stream.write(text)
  return code
}

const called = ({ name, usage }: Command) => (usage === '' ? name : `${name} ${usage}`)

const SUMMARY_COLUMN = 34

function listCommands(commands: readonly Command[]): string {
  const lines = commands.map((command) => {
    const call = `  upfile ${called(command)}`
    const fits = call.length + 2 < SUMMARY_COLUMN
    return `${fits ? call.padEnd(SUMMARY_COLUMN) : `${call}\n${' '.repeat(SUMMARY_COLUMN)}`}${command.summary}`
  })
  return `upfile ${packageVersion}, a file service

${lines.join('\n')}

Every command has --help. Settings come from the environment: see .env.example.
`
}
