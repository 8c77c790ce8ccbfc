// Prints the manifests of one install: node knative/render.ts [description.yaml] | kubectl apply --server-side -f -
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { parse, stringify } from 'yaml'
import { render } from './render/render.ts'

const usage = `usage: node knative/render.ts [description.yaml] | kubectl apply --server-side -f -

Prints knative/base for one install. The description says what differs, each part optional:
  config: { cluster: prod, install: tka, namespaces: { system: tka-system, sessions: tka }, roles: […] }   # as in config.yaml
  image: registry.example.com/tka:1.0
  adminGroups: [system:masters]                        # who may write in the sessions namespace
  audiences: [https://kubernetes.default.svc]          # the API server's own`

const names = v.array(v.pipe(v.string(), v.nonEmpty(), v.regex(/^[^,]*$/, 'no comma')))
const Description = v.strictObject({
  config: v.exactOptional(v.record(v.string(), v.unknown())),
  image: v.exactOptional(v.string()),
  adminGroups: v.exactOptional(names),
  audiences: v.exactOptional(names),
})

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' } },
})
const [file] = positionals
if (values.help === true || positionals.length > 1) {
  console.log(usage)
} else {
  const description = file === undefined ? {} : v.parse(Description, parse(await readFile(file, 'utf8')))
  const { manifests } = await render(description)
  console.log(manifests.map(manifest => stringify(manifest, { lineWidth: 0 })).join('---\n'))
}
