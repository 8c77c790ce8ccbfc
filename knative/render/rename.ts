import type { Manifest } from './manifest.ts'

/** The names by which one install differs from another. */
export interface InstallNames {
  /** Begins every cluster-scoped name and every name of the base that begins with `tka-`. */
  readonly install: string
  readonly namespaces: { readonly system: string; readonly sessions: string }
}

// Keys whose values are names of objects, where `tka-…` becomes `<install>-…`.
const nameKeys = new Set(['name', 'policyName', 'secretName', 'resourceNames'])

/** Gives a manifest of the base the names of this install. */
export function rename(manifest: Manifest, { install, namespaces }: InstallNames): Manifest {
  const namespace = (name: string) =>
    name === 'tka-system' ? namespaces.system : name === 'tka' ? namespaces.sessions : name
  // In CEL, the functions' users stand inside expressions; everything else is a variable (guard-variables.ts).
  const expression = (text: string) =>
    text.replaceAll('system:serviceaccount:tka-system:', `system:serviceaccount:${namespaces.system}:`)

  const string = (key: string, value: string): string => {
    if (key === 'namespace' || key === 'kubernetes.io/metadata.name') return namespace(value)
    if (key === 'app.kubernetes.io/instance') return install
    if (key === 'expression' || key === 'sub') return expression(value)
    if (key === 'expr') return value.replaceAll('namespace="tka-system"', `namespace="${namespaces.system}"`)
    if (key === 'runbook')
      return value.replaceAll(
        /-n tka(-system)?(?![\w-])/g,
        (_, system) => `-n ${system ? namespaces.system : namespaces.sessions}`,
      )
    if (key === 'audience') return value.replace('/tka-system/', `/${namespaces.system}/`)
    if (key === 'resourceNames' && value === 'tka') return namespaces.sessions
    return nameKeys.has(key) ? value.replace(/^tka-/, `${install}-`) : value
  }
  const walk = (key: string, value: unknown): unknown => {
    if (typeof value === 'string') return string(key, value)
    if (Array.isArray(value)) return value.map(item => walk(key, item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(name, item)]))
  }

  const { apiVersion, kind, metadata, ...rest } = manifest
  const { name, labels, ...others } = metadata
  return {
    apiVersion,
    kind,
    metadata: {
      ...others,
      name: kind === 'Namespace' ? namespace(name) : string('name', name),
      ...(labels === undefined ? {} : { labels: mapRecord(labels, string) }),
      ...(others.namespace === undefined ? {} : { namespace: namespace(others.namespace) }),
    },
    ...(kind === 'ConfigMap'
      ? rest
      : Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, walk(key, item)]))),
  }
}

function mapRecord(record: Readonly<Record<string, string>>, map: (key: string, value: string) => string) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]))
}
