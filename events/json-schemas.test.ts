import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { jsonSchemas } from './json-schemas.ts'

const folder = new URL('schemas/', import.meta.url)

describe('the JSON Schemas of the events', () => {
  it('are those of the code', async () => {
    const schemas = jsonSchemas()
    assert.deepEqual((await readdir(folder)).sort(), [...schemas.keys()].map(type => `${type}.json`).sort())
    for (const [type, schema] of schemas) {
      const written = JSON.parse(await readFile(new URL(`${type}.json`, folder), 'utf8'))
      assert.deepEqual(written, schema, `${type}: run make schemas`)
    }
  })

  it('tell a person what each event is, and what each of its fields', () => {
    const Described = v.pipe(v.string(), v.regex(/^.{15,}[.?]$/))
    const Schema = v.object({
      description: Described,
      properties: v.optional(v.record(v.string(), v.object({ description: Described }))),
    })
    for (const [type, schema] of jsonSchemas()) assert.ok(v.is(Schema, schema), type)
  })
})
