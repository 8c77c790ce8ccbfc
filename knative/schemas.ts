// Writes events/schemas from the code: node knative/schemas.ts
import { mkdir, writeFile } from 'node:fs/promises'
import { jsonSchemas } from '#events/json-schemas'

const folder = new URL('../events/schemas/', import.meta.url)
await mkdir(folder, { recursive: true })
for (const [type, schema] of jsonSchemas())
  await writeFile(new URL(`${type}.json`, folder), `${JSON.stringify(schema, undefined, 2)}\n`)
