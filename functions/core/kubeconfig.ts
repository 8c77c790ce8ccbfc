import { personalPart } from './names.ts'

/** What goes into a kubeconfig. */
export interface KubeconfigInput {
  readonly cluster: string
  readonly install: string
  readonly serviceAccount: string
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly token: string
}

interface ClusterEntry {
  readonly server: string
  readonly 'certificate-authority-data': string
}

interface ContextEntry {
  readonly cluster: string
  readonly user: string
}

/** client-go's internal form (`clientcmdapi.Config`): maps by name, which is what the published client decodes. */
export interface InternalKubeconfig {
  readonly kind: 'Config'
  readonly apiVersion: 'v1'
  readonly clusters: Readonly<Record<string, ClusterEntry>>
  readonly users: Readonly<Record<string, { readonly token: string }>>
  readonly contexts: Readonly<Record<string, ContextEntry>>
  readonly 'current-context': string
}

/** The v1 form that kubectl loads: lists of named entries. */
export interface StandardKubeconfig {
  readonly apiVersion: 'v1'
  readonly kind: 'Config'
  readonly clusters: readonly { readonly name: string; readonly cluster: ClusterEntry }[]
  readonly users: readonly { readonly name: string; readonly user: { readonly token: string } }[]
  readonly contexts: readonly { readonly name: string; readonly context: ContextEntry }[]
  readonly 'current-context': string
}

/** The kubeconfig as maps by name; goes out as JSON. */
export function internalKubeconfig(input: KubeconfigInput): InternalKubeconfig {
  const context = contextName(input)
  return {
    kind: 'Config',
    apiVersion: 'v1',
    clusters: { [input.cluster]: clusterEntry(input) },
    users: { [input.serviceAccount]: { token: input.token } },
    contexts: { [context]: { cluster: input.cluster, user: input.serviceAccount } },
    'current-context': context,
  }
}

/** The kubeconfig as lists; goes out as YAML. */
export function standardKubeconfig(input: KubeconfigInput): StandardKubeconfig {
  const context = contextName(input)
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: input.cluster, cluster: clusterEntry(input) }],
    users: [{ name: input.serviceAccount, user: { token: input.token } }],
    contexts: [{ name: context, context: { cluster: input.cluster, user: input.serviceAccount } }],
    'current-context': context,
  }
}

/** The CA as a kubeconfig and `/cluster-info` carry it: base64 of the PEM. */
export function certificateAuthorityData(pem: string): string {
  return Buffer.from(pem).toString('base64')
}

function contextName({ install, serviceAccount }: KubeconfigInput): string {
  return `${install}-context-${personalPart(serviceAccount, install)}`
}

function clusterEntry({ server, ca }: KubeconfigInput): ClusterEntry {
  return { server, 'certificate-authority-data': certificateAuthorityData(ca) }
}
