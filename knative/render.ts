// Prints the manifests of one install: node knative/render.ts [description.yaml] | kubectl apply -f -
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { parseArgs, promisify } from 'node:util'
import * as v from 'valibot'
import { parse, stringify } from 'yaml'
import { ClusterRoleObject } from './render/cluster-role.ts'
import { Guard } from './render/guard-variables.ts'
import { checkOffers } from './render/offered-roles.ts'
import { readOverlay } from './render/read-overlay.ts'
import { type InstallDescription, render } from './render/render.ts'

const usage = `usage: node knative/render.ts [--check] [description.yaml | --overlay <folder>] | kubectl apply -f -

Prints knative/base for one install. The description says what differs, each part optional:
  config: { cluster: prod, install: tka, namespaces: { system: tka-system, sessions: tka }, roles: […] }   # as in config.yaml
  image: registry.example.com/tka:1.0
  components: [ping, monitoring]                       # folders of knative/components; kubectl builds them
  adminGroups: [system:masters]                        # who may write in the sessions namespace
  adminUsers: [alice@example.com]                      # and who by name
  audiences: [https://kubernetes.default.svc]          # the API server's own: what it gives a token that names none

--overlay takes all that from an overlay instead: guard.yaml, the files of its configuration (values.yaml and others), its
image, components and patches. It is what \`make overlay\` and \`kubectl apply -k\` would apply, and under other names and in
other namespaces too, where values.yaml says so. What else kustomization.yaml may say is refused.

--check asks the cluster (kubectl's current context) for the offered roles and refuses one that is not there, or that
amounts to cluster-admin when it is offered in the whole cluster without clusterAdminEquivalent: true.`

const Description = v.strictObject({
  ...Guard.entries,
  config: v.exactOptional(v.record(v.string(), v.unknown())),
  image: v.exactOptional(v.string()),
  components: v.exactOptional(v.array(v.pipe(v.string(), v.nonEmpty()))),
})
const Roles = v.object({ items: v.array(ClusterRoleObject) })

async function clusterRoles() {
  const args = ['get', 'clusterroles', '-o', 'json', '--request-timeout=20s']
  const { stdout } = await promisify(execFile)('kubectl', args, { maxBuffer: 64 << 20, timeout: 30_000 })
  return new Map(v.parse(Roles, JSON.parse(stdout)).items.map(role => [role.name, role]))
}

async function readDescription(): Promise<InstallDescription> {
  return file === undefined ? {} : v.parse(Description, parse(await readFile(file, 'utf8')))
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean' }, overlay: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
const [file] = positionals
if (values.help === true || positionals.length + Number(values.overlay !== undefined) > 1) {
  console.log(usage)
} else {
  try {
    const description = await (values.overlay === undefined ? readDescription() : readOverlay(values.overlay))
    const { manifests, config } = await render(description)
    if (values.check === true) {
      const roles = await clusterRoles()
      await checkOffers(config.roles, async name => roles.get(name))
    }
    console.log(manifests.map(manifest => stringify(manifest, { lineWidth: 0 })).join('---\n'))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
