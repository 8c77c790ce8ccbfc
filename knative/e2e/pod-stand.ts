import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTestnet, type Testnet } from 'tsnet-node/testing'
import { functionNames } from '#events'
import type { Cluster } from '../cluster/cluster.ts'
import { type ClusterInstall, type EarlierVersion, installOverlay } from '../cluster/install.ts'
import { editValues } from '../cluster/own-overlay.ts'
import { startCluster } from '../cluster/start-cluster.ts'
import { runProgram } from '../lab/run-program.ts'
import { replaceRevisions } from './replace-revisions.ts'
import { makeStand, type Stand } from './stand.ts'
import { config as defaults, roles } from './stand-config.ts'

const makeImage = fileURLToPath(new URL('../image/main.ts', import.meta.url))

/** TKA on real pods, with the tailnet that it is a node of. */
export interface PodInstall extends AsyncDisposable {
  readonly cluster: Cluster
  readonly tailnet: Testnet
  readonly install: ClusterInstall
  /** How large the image is, compressed. */
  readonly imageBytes: number
}

/** What differs from the overlay of every stand. */
export interface PodInstallOptions {
  /** Put over `values.yaml`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Installed first, where Brokers do not ask who sends, which it knows nothing of. */
  readonly earlier?: EarlierVersion
  readonly progress?: (line: string) => void
}

/**
 * Starts (or joins) a cluster whose Brokers authenticate senders and a tailnet beside it, and installs TKA as docs/install.md says,
 * with the component for that.
 */
export async function installOnPods(options: PodInstallOptions = {}): Promise<PodInstall> {
  const { config, earlier, progress = console.log } = options
  await using stack = new AsyncDisposableStack()
  const cluster = stack.use(await startCluster({ oidc: earlier === undefined, progress }))
  const tailnet = stack.use(await startTestnet({ host: cluster.hostAddress }))
  const { image, bytes: imageBytes } = await importImage(cluster)
  const values = { roles, ...defaults, ...config }
  const edits = { image, values, ...(earlier ? { earlier } : { components: ['oidc'] }) }
  const install = stack.use(await installOverlay(cluster, tailnet, edits))
  let removed: Promise<void> | undefined
  // With the pods go their logs.
  const remove = () => {
    removed ??= keepLogs(install).then(install.remove)
    return removed
  }
  stack.defer(remove)
  const all = stack.move()
  return {
    cluster,
    tailnet,
    install: { ...install, remove },
    imageBytes,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** A stand on an install that others stand on as well, and that stays. */
export async function standOn({ cluster, tailnet, install }: PodInstall): Promise<Stand> {
  const place = { tailnet, kubectl: cluster.kubectl, dir: cluster.dir }
  const tap = await install.subscribe()
  return makeStand({ place, install, functions: install.functions, tap }, tap)
}

/** A stand on such an install, once what its configuration says differently is applied and every function has begun with it. */
export async function standOnChanged(pods: PodInstall, config: Readonly<Record<string, unknown>>): Promise<Stand> {
  await editValues(pods.install.overlay, config)
  await replaceRevisions(pods.install, pods.install.apply)
  return standOn(pods)
}

/** Makes the image as `make image-oci` does, for this machine's platform, and imports it. */
async function importImage(cluster: Cluster) {
  const image = { name: 'dev.local/tka', tag: 'e2e' }
  const archive = join(cluster.dir, 'tka.oci.tar')
  const platform = `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`
  const args = [makeImage, '--platform', platform, '--name', `${image.name}:${image.tag}`, '--out', archive]
  const { code, stderr } = await runProgram(process.execPath, args, { timeoutMs: 600_000 })
  if (code !== 0) throw new Error(`the image cannot be made: ${stderr}`)
  await cluster.importImage(archive)
  return { image, bytes: (await stat(archive)).size }
}

/** Puts what the pods wrote where a person looks after a failed run: `.lab/logs/cluster/<function>.log`. */
async function keepLogs({ functions }: ClusterInstall): Promise<void> {
  const folder = fileURLToPath(new URL('../../.lab/logs/cluster', import.meta.url))
  await mkdir(folder, { recursive: true })
  for (const name of functionNames) {
    const lines = await functions.logs(name)
    await writeFile(join(folder, `${name}.log`), lines.map(line => `${line}\n`).join(''))
  }
}
