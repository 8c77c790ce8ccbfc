import * as v from 'valibot'
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

const ClusterEntry = v.strictObject({
  server: v.string(),
  'certificate-authority-data': v.pipe(v.string(), v.description('Base64 of the PEM.')),
})
type ClusterEntry = v.InferOutput<typeof ClusterEntry>
const UserEntry = v.strictObject({ token: v.string() })
const ContextEntry = v.strictObject({ cluster: v.string(), user: v.string() })
const head = { apiVersion: v.literal('v1'), kind: v.literal('Config'), 'current-context': v.string() }

/** client-go's internal form (`clientcmdapi.Config`): maps by name, which is what the published client decodes. */
export const InternalKubeconfig = v.strictObject({
  ...head,
  clusters: v.record(v.string(), ClusterEntry),
  users: v.record(v.string(), UserEntry),
  contexts: v.record(v.string(), ContextEntry),
})
export type InternalKubeconfig = v.InferOutput<typeof InternalKubeconfig>

/** The v1 form that kubectl loads: lists of named entries. */
export const StandardKubeconfig = v.strictObject({
  ...head,
  clusters: v.array(v.strictObject({ name: v.string(), cluster: ClusterEntry })),
  users: v.array(v.strictObject({ name: v.string(), user: UserEntry })),
  contexts: v.array(v.strictObject({ name: v.string(), context: ContextEntry })),
})
export type StandardKubeconfig = v.InferOutput<typeof StandardKubeconfig>

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
