import { toJsonSchema } from '@valibot/to-json-schema'
import { TkaEvent } from './event.ts'
import { type HintType, hintTypes } from './hint.ts'

/** A JSON Schema (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Names the schema of a type's data, as EventTypes and `dataschema` do. Nothing fetches it: the schema itself is in `events/schemas`. */
export function schemaUrl(type: string): string {
  return `https://tka.dev/events/${type}.json`
}

const hintDescriptions: Readonly<Record<HintType, string>> = {
  'dev.tka.ping.v1': 'Is anybody there? Unsigned; every function answers it with its name and version.',
  'dev.tka.sweep.requested.v1': 'A hint to look for what is past due; carries no authority.',
}

/** The schema of the data of every type, by type; of what a regular grammar cannot say, only the code knows. */
export function jsonSchemas(): ReadonlyMap<string, JsonSchema> {
  const signed = TkaEvent.options.map(({ entries }): [string, JsonSchema] => {
    const schema = toJsonSchema(entries.data, { errorMode: 'ignore', target: 'draft-2020-12' })
    return [entries.type.literal, { ...schema }]
  })
  const hints = hintTypes.map((type): [string, JsonSchema] => [
    type,
    { type: 'object', description: hintDescriptions[type], $comment: 'A hint: whatever it says is not read.' },
  ])
  return new Map(
    [...signed, ...hints].map(([type, schema]) => [
      type,
      { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: schemaUrl(type), ...schema },
    ]),
  )
}
