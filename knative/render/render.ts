import * as v from 'valibot'
import { parse } from 'yaml'
import { type Config, parseConfig } from '#core/config'
import { configFiles } from '#core/merge-config'
import { annotateConfig } from './config-annotation.ts'
import { configData } from './config-data.ts'
import { overrideConfig } from './config-file.ts'
import { configHash } from './config-hash.ts'
import { setEventSource } from './event-sources.ts'
import { type GuardOptions, setGuardVariables } from './guard-variables.ts'
import { describe, type Manifest } from './manifest.ts'
import { checkShippedRoles, rolesOf } from './offered-roles.ts'
import { readBase } from './read-base.ts'
import { readComponents } from './read-components.ts'
import type { Patch } from './read-kustomization.ts'
import { rename } from './rename.ts'

/** What one install has different from the base's defaults. */
export interface InstallDescription extends GuardOptions {
  /** Merged into config.yaml, in its own form. Names, namespaces and offered roles are part of it. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Components to add, by their folder in `knative/components`; `kubectl` builds them. */
  readonly components?: readonly string[]
  /** Put over what the components make of the base, as kustomize does it; `kubectl` does it. */
  readonly patches?: readonly Patch[]
  readonly kubectl?: string
  /** Files beside config.yaml, by name: put over it as the functions do, and `config` over them. */
  readonly files?: Readonly<Record<string, string>>
  /** Image of every function. */
  readonly image?: string
}

/** The objects of one install, in the order in which to apply them, and the configuration they were made from. */
export interface Rendered {
  readonly manifests: readonly Manifest[]
  readonly config: Config
}

/**
 * Renders the base for one install. Without a description it gives what `kubectl kustomize knative/base` gives, and the hash of the
 * configuration.
 * Throws `ConfigInvalid` where the functions would refuse to start, and an error for a role too strong to be offered unmarked.
 */
export async function render(description: InstallDescription = {}): Promise<Rendered> {
  const { components = [], patches = [], kubectl = 'kubectl' } = description
  const asItIs = components.length + patches.length === 0
  const base = asItIs ? await readBase() : await readComponents(components, kubectl, patches)
  const text = overrideConfig(configText({ ...configData(base), ...description.files }), description.config ?? {})
  const config = parseConfig(parse(text))
  checkShippedRoles(config.roles)
  const { install, namespaces } = config
  const hash = configHash({ 'config.yaml': text })
  const manifests = base.map(manifest => {
    const renamed = annotateConfig(setImage(rename(manifest, config), description.image), hash)
    if (manifest.kind === 'EventType') return setEventSource(renamed, config.cluster)
    if (manifest.kind === 'ValidatingAdmissionPolicy') return setGuardVariables(renamed, config, description)
    switch (describe(renamed)) {
      case `ConfigMap ${install}-config in ${namespaces.system}`:
        return { ...renamed, data: { 'config.yaml': text } }
      case `ClusterRole ${install}-provisioner`:
        return limitBind(renamed, rolesOf(config.roles))
      default:
        return renamed
    }
  })
  return { manifests, config }
}

// With what stands beside it put over it already, or that would be put over the description too.
function configText(files: ReturnType<typeof configData>): string {
  const [, ...others] = configFiles(Object.keys(files))
  return others.reduce((text, name) => overrideConfig(text, fragment(files[name])), files['config.yaml'])
}

const fragment = (text = ''): Readonly<Record<string, unknown>> =>
  v.parse(v.record(v.string(), v.unknown()), parse(text) ?? {})

const Rules = v.array(v.looseObject({ verbs: v.array(v.string()) }))

function limitBind(role: Manifest, resourceNames: readonly string[]): Manifest {
  const rules = v.parse(Rules, role.rules)
  return { ...role, rules: rules.map(rule => (rule.verbs.includes('bind') ? { ...rule, resourceNames } : rule)) }
}

// The base's image is called `tka` wherever it stands.
function setImage(manifest: Manifest, image = 'tka'): Manifest {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, key === 'image' && item === 'tka' ? image : walk(item)]),
    )
  }
  return manifest.spec === undefined ? manifest : { ...manifest, spec: walk(manifest.spec) }
}
