import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildGo, tellProgress } from '../build-go.ts'
import { programs } from '../helper-cache.ts'
import { freeTcpPort, freeUdpPort } from './free-port.ts'
import { startGuardedProcess } from './guarded-process.ts'
import { createHeadscaleAdmin, type HeadscaleAdmin } from './headscale-admin.ts'
import { headscaleCalls } from './headscale-calls.ts'
import { baseDomain, filesIn, type HeadscalePlace, headscaleConfig, policyFile } from './headscale-files.ts'
import { openPolicy, writePolicy } from './headscale-policy.ts'
import { ensureHelper, testnetEnv } from './testnet.ts'

/** A tailnet of Headscale on loopback, with DERP and STUN; it ends with this process. */
export interface Headscale extends HeadscaleAdmin, AsyncDisposable {
  readonly controlUrl: string
  /** Environment that every node of it needs (`TailscaleNodeOptions.env`). */
  readonly env: Readonly<Record<string, string>>
  /** Domain of MagicDNS names, such as `server.<baseDomain>`. */
  readonly baseDomain: string
  /** Process id of Headscale. */
  readonly pid: number
}

/** Starts Headscale with an empty database; the first start builds it with Go, which takes minutes. */
export async function startHeadscale({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Headscale> {
  await ensureHelper()
  const program = await buildGo({ ...programs.headscale, log: tellProgress })
  await using resources = new AsyncDisposableStack()
  const place = await makePlace()
  resources.defer(() => rm(place.dir, { recursive: true, force: true }))
  const { config, policy } = filesIn(place.dir)
  await writeFile(config, JSON.stringify(headscaleConfig(place)), { mode: 0o600 })
  await writePolicy(policy, JSON.stringify(policyFile(openPolicy)))
  const ready = /listening and serving HTTP on/
  const server = resources.use(await startGuardedProcess(program, ['-c', config, 'serve'], { ready, signal }))
  const calls = headscaleCalls(place.controlUrl, await createApiKey(program, config))
  const running = resources.move()
  return {
    ...createHeadscaleAdmin({ calls, policyPath: policy, reload: () => process.kill(server.pid, 'SIGHUP') }),
    controlUrl: place.controlUrl,
    env: { ...testnetEnv(place.controlUrl), TS_DEBUG_USE_DERP_HTTP: '1' },
    baseDomain,
    pid: server.pid,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function makePlace(): Promise<HeadscalePlace> {
  const [dir, port, stunPort] = await Promise.all([
    mkdtemp(join(tmpdir(), 'tsnet-node-headscale-')),
    freeTcpPort(),
    freeUdpPort(),
  ])
  return { dir, port, stunPort, controlUrl: `http://127.0.0.1:${port}` }
}

/** Over the Unix socket, where nothing but the permission of the directory is asked for. */
async function createApiKey(program: string, config: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['-c', config, 'apikeys', 'create', '-o', 'json'], {
    timeout: 10_000,
  })
  return JSON.parse(stdout)
}
