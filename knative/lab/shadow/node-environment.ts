/** What kubelet and cluster give to every process here; cluster DNS is a forward proxy for `*.svc.cluster.local`. */
export function nodeEnvironment(options: {
  readonly apiServer: { readonly url: string }
  readonly clusterDns: string
  readonly path: string
}): Readonly<Record<string, string>> {
  const { hostname, port } = new URL(options.apiServer.url)
  return {
    PATH: options.path,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    HTTP_PROXY: options.clusterDns,
    NO_PROXY: '127.0.0.1,localhost,::1',
    NODE_USE_ENV_PROXY: '1',
  }
}
