import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { packageVersion } from '../runtime/packageVersion.ts'

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
  /** How many words the command takes that are no options. */
  readonly words: number
  /** Resolves with the exit code. Undefined when the command has no such words or values: nothing was done then. */
  run(call: Call): Promise<number> | undefined
}

/** What follows the name of a command. */
export interface Call {
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

const HELP_WORDS = ['--help', '-h', 'help']

/** Runs the command that the first word names. Resolves with the exit code: 2 for a wrong call. */
export async function runCommand(
  commands: readonly Command[],
  [name = '', ...words]: readonly string[],
): Promise<number> {
  if (HELP_WORDS.includes(name)) return print(process.stdout, listCommands(commands), 0)
  const command = commands.find((each) => each.name === name)
  if (!command)
    return print(process.stderr, `upfile: there is no command "${name}"\n\n${listCommands(commands)}`, 2)
  const help = `upfile ${called(command)}\n\n${command.help}`
  const call = parseCall(command, words)
  if (call?.options.help) return print(process.stdout, help, 0)
  const running = call?.words.length === command.words ? command.run(call) : undefined
  return running ? await running : print(process.stderr, help, 2)
}

/** Undefined when there is an option that the command does not have, or an option without its value. */
function parseCall({ options }: Command, words: readonly string[]): Call | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { ...options, help: { type: 'boolean' } },
      allowPositionals: true,
    })
    return { words: positionals, options: values }
  } catch {
    return undefined
  }
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
