import { basename } from 'node:path'
import * as v from 'valibot'
import { stringify } from 'yaml'
import { type Config, parseConfig } from '#core/config'
import { functionNames } from '#events/functions'
import { configAnnotation } from './config-annotation.ts'
import { configData } from './config-data.ts'
import { configHash } from './config-hash.ts'
import { setEventSource } from './event-sources.ts'
import { type GuardOptions, readGuard, setGuardVariables } from './guard-variables.ts'
import type { Manifest } from './manifest.ts'
import { mergeFiles } from './merge-files.ts'
import { checkShippedRoles, rolesOf } from './offered-roles.ts'
import { overlayConfig } from './overlay-config.ts'
import { readBase } from './read-base.ts'
import { readKustomization } from './read-kustomization.ts'

const Variables = v.array(v.object({ name: v.string(), expression: v.string() }))
const Policy = v.object({ spec: v.object({ variables: v.optional(Variables, []) }) })
const Role = v.object({ rules: v.array(v.object({ verbs: v.array(v.string()) })) })
const EventType = v.object({ spec: v.object({ source: v.optional(v.string()) }) })

/** One step of a JSON Patch (RFC 6902). */
interface PatchStep {
  readonly op: 'test' | 'replace' | 'add'
  readonly path: string
  readonly value: unknown
}

/**
 * The text of an overlay's `roles/kustomization.yaml`: what follows from its `values.yaml` and `guard.yaml` for the provisioner's right
 * to bind, for the guard, for the sources in the catalogue, and for the functions, which begin anew with another configuration. Throws
 * where the functions would refuse the values, for a role too strong to be offered unmarked, and where `roles` comes too early.
 * `shipped` is what the overlay patches: this version's base by default.
 */
export async function overlayRoles(overlay: string, shipped?: readonly Manifest[]): Promise<string> {
  const base = shipped ?? (await readBase())
  const guard = await readGuard(overlay)
  requireOrder((await readKustomization(overlay)).components)
  const files = { ...configData(base), ...(await overlayConfig(overlay)) }
  const config = parseConfig(mergeFiles(files))
  checkShippedRoles(config.roles)
  requireDefaultNames(config)
  const patches = base.flatMap(manifest => {
    const steps = stepsFor(manifest, config, guard)
    const { kind, metadata } = manifest
    return steps.length === 0 ? [] : [{ target: { kind, name: metadata.name }, patch: stringify(steps) }]
  })
  patches.push(...configPatches(configHash(files)))
  const component = { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component', patches }
  return `# Written by \`make overlay\` from values.yaml and guard.yaml.\n${stringify(component, { lineWidth: 0 })}`
}

function stepsFor(manifest: Manifest, config: Config, guard: GuardOptions): readonly PatchStep[] {
  if (manifest.kind === 'ClusterRole' && manifest.metadata.name === 'tka-provisioner') {
    const at = v.parse(Role, manifest).rules.findIndex(({ verbs }) => verbs.includes('bind'))
    return [
      { op: 'test', path: `/rules/${at}/verbs`, value: ['bind'] },
      { op: 'replace', path: `/rules/${at}/resourceNames`, value: rolesOf(config.roles) },
    ]
  }
  if (manifest.kind === 'EventType') {
    const { source } = v.parse(EventType, setEventSource(manifest, config.cluster)).spec
    return source === v.parse(EventType, manifest).spec.source
      ? []
      : [{ op: 'replace', path: '/spec/source', value: source }]
  }
  if (manifest.kind !== 'ValidatingAdmissionPolicy') return []
  const before = v.parse(Policy, manifest).spec.variables
  const after = v.parse(Policy, setGuardVariables(manifest, config, guard)).spec.variables
  // The values are literals; the other variables are expressions over the request and stay as they are.
  return after.flatMap(({ name, expression }, at) =>
    isValue(before[at]?.expression ?? '')
      ? ([
          { op: 'test', path: `/spec/variables/${at}/name`, value: name },
          { op: 'replace', path: `/spec/variables/${at}/expression`, value: expression },
        ] as const)
      : [],
  )
}

// The functions, whichever of both runs them; a patch that finds nothing is none.
function configPatches(hash: string) {
  const name = functionNames.join('|')
  const step: PatchStep = { op: 'add', path: templateAnnotation, value: hash }
  const patch = stringify([step])
  return [
    { target: { group: 'serving.knative.dev', kind: 'Service', name }, patch },
    { target: { group: 'apps', kind: 'Deployment', name }, patch },
  ]
}

const templateAnnotation = `/spec/template/metadata/annotations/${configAnnotation.replace('/', '~1')}`

// Components change what those before them brought.
function requireOrder(components: readonly string[]): void {
  if (components.findIndex(path => basename(path) === 'plain') > components.indexOf('roles'))
    throw new Error(
      'kustomization.yaml: list `roles` after the component plain, or its Deployments go on with an old configuration',
    )
}

const isValue = (expression: string): boolean => /^(["[0-9]|duration\()/.test(expression)

// kustomize gives objects no other names in the middle of an expression; the renderer does.
function requireDefaultNames({ install, namespaces }: Config): void {
  if (install === 'tka' && namespaces.system === 'tka-system' && namespaces.sessions === 'tka') return
  throw new Error(
    'kustomize gives no other names than the default ones (install tka, namespaces tka-system and tka): apply this overlay by ' +
      '`node knative/render.ts --overlay <folder> | kubectl apply -f -`',
  )
}
