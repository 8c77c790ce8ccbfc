import * as v from 'valibot'
import { contradictions } from './config-contradictions.ts'
import { Fields } from './config-fields.ts'

/** The configuration of an install: strict, each contradiction refused with the fields that contradict each other. */
export const Config = v.pipe(
  Fields,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    for (const message of contradictions(dataset.value)) addIssue({ message })
  }),
  v.readonly(),
)

export type Config = v.InferOutput<typeof Config>

/** A configuration that cannot be used; the message has one line per field, with its value and what it must be. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid'
}

/** Reads a configuration, as YAML parsed it; throws {@link ConfigInvalid}. */
export function parseConfig(value: unknown): Config {
  const parsed = v.safeParse(Config, value)
  if (parsed.success) return parsed.output
  throw new ConfigInvalid(parsed.issues.map(issue => describe(issue)).join('\n'))
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)
  // Checks across fields name their fields and values themselves.
  if (path === null) return issue.type === 'raw_check' ? issue.message : `the configuration ${expectation(issue)}`
  if (issue.expected === 'never') return `${path} is not a field of the configuration`
  if (issue.input === undefined) return `${path} is missing`
  return `${path} ${expectation(issue)}, it is ${JSON.stringify(issue.input)}`
}

function expectation(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('must ') ? issue.message : `must be ${issue.expected ?? 'something else'}`
}
