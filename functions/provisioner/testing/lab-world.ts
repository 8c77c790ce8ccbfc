import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Config } from '#core/config'
import { type Api, openApi } from '../../../knative/kube/api.ts'
import { type Lab, startLab } from '../../../knative/lab/index.ts'
import { type Install, installTka } from '../../../knative/lab/install.ts'
import { type OpenCluster, openCluster } from '../open-cluster.ts'
import { sampleConfig } from './sample-events.ts'

const roles = [
  { name: 'view', scope: 'cluster', maxPeriod: '24h' },
  { name: 'view', scope: 'namespaced', maxPeriod: '24h' },
  { name: 'edit', scope: 'namespaced', maxPeriod: '24h' },
] as const

/** A real API server with an install of its own, guard included, and no function running: the tests are the provisioner. */
export interface LabWorld extends AsyncDisposable {
  readonly install: Install
  readonly config: Config
  /** All rights, as the cluster's administrator. */
  readonly admin: Api
  /** A new process's connection, under the provisioner's own ServiceAccount: it knows what the cluster says now. */
  open(): Promise<OpenCluster>
  /** The HTTP status that somebody with this token gets for listing pods. */
  statusOf(token: string, namespace?: string): Promise<number>
}

/** Joins the lab and installs there. */
export async function openLabWorld(): Promise<LabWorld> {
  await using stack = new AsyncDisposableStack()
  const lab = stack.use(await startLab())
  const install = stack.use(
    await installTka(lab, { roles, without: ['login', 'provisioner', 'logout', 'sweeper', 'deadletter'] }),
  )
  const admin = stack.use(await openApi(lab.kubeconfig))
  const config = sampleConfig({ install: install.install, namespaces: install.namespaces })
  const env = await provisionerEnv(lab, install)
  const ca = await readFile(lab.apiServer.caFile, 'utf8')
  const resources = stack.move()
  return {
    install,
    config,
    admin,
    async open() {
      const watching = new AbortController()
      const opened = await openCluster({ config, env, signal: watching.signal, failed: () => undefined })
      return {
        ...opened,
        [Symbol.dispose]() {
          watching.abort()
          opened[Symbol.dispose]()
        },
      }
    },
    statusOf: (token, namespace) => {
      const path = namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`
      return statusOf(new URL(path, lab.apiServer.url), ca, token)
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** What the kubelet would give the provisioner's pod. */
async function provisionerEnv(lab: Lab, install: Install): Promise<Readonly<Record<string, string>>> {
  const directory = join(lab.dir, `${install.install}-provisioner`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const token = await install.kubectl('create', 'token', 'provisioner', '--namespace', install.namespaces.system)
  await writeFile(join(directory, 'token'), token, { mode: 0o600 })
  await writeFile(join(directory, 'ca.crt'), await readFile(lab.apiServer.caFile))
  const { hostname, port } = new URL(lab.apiServer.url)
  return {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    TKA_SERVICE_ACCOUNT_DIR: directory,
  }
}

function statusOf(url: URL, ca: string, token: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { authorization: `Bearer ${token}` }
  request(url, { ca, headers, agent: false, signal: AbortSignal.timeout(10_000) }, response => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
    .on('error', reject)
    .end()
  return promise
}
