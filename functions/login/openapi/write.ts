// `make openapi`: writes the document that login serves.
import { writeFile } from 'node:fs/promises'
import { createDocument } from './document.ts'

await writeFile(new URL('openapi.json', import.meta.url), `${JSON.stringify(createDocument(), undefined, 2)}\n`)
