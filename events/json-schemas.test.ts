import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
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
})
