import type { SettingName } from './names.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** The text of an address for a message, in quotes. A text with an @ may hold a password, and is not shown. */
export const quote = (text: string) => (text.includes('@') ? 'a text with an @' : `"${text}"`)

const toEntries = (text: string) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

/** Reads settings one by one and remembers every mistake; `finish()` throws all mistakes as one Error. */
export function createReader(env: Env) {
  const mistakes: string[] = []
  /** An empty setting counts as absent: an .env file may list every name. */
  const optional = (name: SettingName) => (env[name] === '' ? undefined : env[name])

  return {
    optional,
    refuse: (mistake: string) => void mistakes.push(mistake),
    text: (name: SettingName, fallback: string) => optional(name) ?? fallback,
    integer(name: SettingName, fallback: number, least: number, most: number) {
      const given = optional(name)
      if (given === undefined) return fallback
      const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN
      if (value >= least && value <= most) return value
      mistakes.push(`${name} must be a whole number from ${least} to ${most}, not "${given}"`)
      return fallback
    },
    choice<Choice extends string>(name: SettingName, choices: readonly Choice[], fallback: Choice): Choice {
      const given = optional(name)
      if (given === undefined) return fallback
      const choice = choices.find((candidate) => candidate === given)
      if (choice === undefined) mistakes.push(`${name} must be one of ${choices.join(', ')}, not "${given}"`)
      return choice ?? fallback
    },
    flag(name: SettingName, fallback: boolean) {
      const given = optional(name)
      if (given === undefined) return fallback
      if (given !== 'true' && given !== 'false')
        mistakes.push(`${name} must be true or false, not "${given}"`)
      return given === 'true'
    },
    /** `explain` says how an entry looks that is valid. */
    list(
      name: SettingName,
      isValid: (entry: string) => boolean,
      explain: (entry: string) => string,
    ): readonly string[] {
      const entries = toEntries(optional(name) ?? '')
      for (const entry of entries)
        if (!isValid(entry)) mistakes.push(`${name} cannot hold ${quote(entry)}: ${explain(entry)}`)
      return entries
    },
    /** Secrets with a comma between them. No message shows a secret. */
    secrets(name: SettingName, { most, leastCharacters }: { most: number; leastCharacters: number }) {
      const secrets = toEntries(optional(name) ?? '')
      const tooShort = secrets.some((secret) => secret.length < leastCharacters)
      if (secrets.length > most || tooShort || new Set(secrets).size < secrets.length)
        mistakes.push(
          `${name} must be at most ${most} different secrets with a comma between them, each of at least ${leastCharacters} characters`,
        )
      return secrets
    },
    /** The entries of a list of secrets, whose form the caller checks: no message shows an entry. */
    hidden(name: SettingName): readonly string[] {
      return toEntries(optional(name) ?? '')
    },
    /** An absolute http or https URL without query and fragment, returned without slashes at its end. */
    url(name: SettingName) {
      const given = optional(name)
      if (given === undefined) return undefined
      const url = URL.canParse(given) ? new URL(given) : undefined
      if (url && (url.username !== '' || url.password !== '')) {
        mistakes.push(`${name} must be a URL without user and password`)
        return undefined
      }
      if (url && /^https?:$/.test(url.protocol) && !/[?#]/.test(given)) return url.href.replace(/\/+$/, '')
      mistakes.push(`${name} must be an absolute http or https URL without a query, not ${quote(given)}`)
      return undefined
    },
    finish() {
      if (mistakes.length > 0) throw new Error(`Invalid configuration:\n- ${mistakes.join('\n- ')}`)
    },
  }
}
