import * as v from 'valibot'
import { parse } from 'yaml'
import { type Config, ConfigInvalid } from '#core/config'
import { HttpsUrl } from '#core/config-fields'
import { failedWith } from '#io/kubernetes/kubernetes-error'

/** Where people's kubectl finds the API server, and what it trusts there. */
export interface ApiServer {
  readonly url: string
  /** PEM. */
  readonly ca: string
}

/** What the cluster itself says. */
export interface ClusterSays {
  /** PEM: the CA that every pod is given (ConfigMap `kube-root-ca.crt`). */
  readonly mountedCa: string
  /** Reads the ConfigMap {@link clusterInfo}. */
  readonly readClusterInfo: () => Promise<{ readonly data: Readonly<Record<string, string>> }>
}

/** Where kubeadm publishes a kubeconfig without a user for machines that join: the API server as seen from outside. */
export const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' } as const

/**
 * The API server for kubeconfigs: what the configuration says, else what the cluster says. The address at which pods reach the API
 * server is never taken, since laptops do not reach it. Throws ConfigInvalid when nothing names an address.
 */
export async function findApiServer(
  { url, ca }: Config['apiServer'],
  { mountedCa, readClusterInfo }: ClusterSays,
): Promise<ApiServer> {
  return { url: url ?? (await publishedUrl(readClusterInfo)), ca: ca ?? mountedCa }
}

// `jws-kubeconfig-…` beside it is for machines that do not trust the API server yet; login does.
const ClusterInfo = v.object({
  clusters: v.strictTuple([v.object({ cluster: v.object({ server: HttpsUrl }) })]),
})

async function publishedUrl(readClusterInfo: ClusterSays['readClusterInfo']): Promise<string> {
  const { data } = await readClusterInfo().catch((error: unknown) => {
    if (failedWith(error, 'not-found')) throw missing('does not exist in this cluster')
    if (failedWith(error, 'forbidden')) throw missing('may not be read by login: the component cluster-info lets it')
    throw error
  })
  const parsed = v.safeParse(ClusterInfo, parseYaml(data.kubeconfig))
  if (!parsed.success) throw missing('holds no kubeconfig of one cluster with an https server')
  return parsed.output.clusters[0].cluster.server
}

function missing(why: string): ConfigInvalid {
  const { namespace, name } = clusterInfo
  return new ConfigInvalid(
    `apiServer.url is missing: set it to the address at which people's laptops reach the API server (ConfigMap ${namespace}/${name}, which may name it instead, ${why})`,
  )
}

function parseYaml(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parse(text)
  } catch {
    return undefined
  }
}
