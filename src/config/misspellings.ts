import { lookalike } from '../runtime/nearest.ts'
import { type SettingName, settingNames } from './names.ts'
import type { Env } from './reader.ts'

/** A sentence for each variable that nothing reads, but whose name looks like that of a setting. Never says a value. */
export function warnOfMisspellings(env: Env): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || value === '' || isSetting(name) || isOfKubernetes(name, value)) return []
    const meant = likeliest(name.toUpperCase().replace(/^UPFILE_/, ''))
    return meant === undefined ? [] : [`${name} is no setting and is ignored: did you mean ${meant}?`]
  })
}

const isSetting = (name: string) => settingNames.some((each) => each === name)

/** A pod finds the services beside it in variables such as DB_PORT_5432_TCP and UPFILE_PORT=tcp://10.0.0.1:8000. */
const isOfKubernetes = (name: string, value: string) =>
  /_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP|SCTP)/.test(name) || /^(tcp|udp|sctp):\/\//.test(value)

const likeliest = (name: string): SettingName | undefined =>
  lookalike(name, settingNames) ?? settingNames.find((each) => continues(each, name))

/** As DB_PASS and DB_PASSWORD, or DB_USERNAME and DB_USER: two words and more at the beginning are no accident. */
const continues = (one: string, other: string) =>
  (one.startsWith(other) && other.includes('_')) || (other.startsWith(one) && one.includes('_'))
