// Writes knative/components/plain/functions.yaml from the base's Knative Services: node knative/plain.ts
import { writeFile } from 'node:fs/promises'
import { plainFunctions } from './render/plain-functions.ts'

await writeFile(new URL('components/plain/functions.yaml', import.meta.url), await plainFunctions())
