import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildGo, tellProgress } from '../build-go.ts'
import { programs } from '../helper-cache.ts'
import { startGuardedProcess } from './guarded-process.ts'
import { type Laptop, type LaptopOptions, throughSocks } from './laptop.ts'
import { joinByLocalApi } from './local-api.ts'
import { testnetEnv } from './testnet.ts'

/**
 * Joins a tailnet with Tailscale's own `tailscaled`, as people's devices do, with userspace networking and its SOCKS5 proxy;
 * needs no root. It ends with this process. The first start builds it with Go.
 */
export async function startTailscaled(options: LaptopOptions): Promise<Laptop> {
  const { hostname, controlUrl, authKey, env = testnetEnv(controlUrl), signal = AbortSignal.timeout(60_000) } = options
  const program = await buildGo({ ...programs.tailscaled, log: tellProgress })
  await using resources = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'tsnet-node-tailscaled-'))
  resources.defer(() => rm(dir, { recursive: true, force: true }))
  const stateDir = options.stateDir ?? join(dir, 'state')
  await mkdir(stateDir, { recursive: true, mode: 0o700 })

  const config = join(dir, 'config.json')
  await writeFile(
    config,
    JSON.stringify({ version: 'alpha0', ServerURL: controlUrl, AuthKey: authKey, Hostname: hostname }),
    { mode: 0o600 },
  )
  const socket = join(dir, 'tailscaled.sock')
  const args = [
    '--tun=userspace-networking',
    '--socks5-server=127.0.0.1:0',
    `--config=${config}`,
    `--statedir=${stateDir}`,
    `--socket=${socket}`,
    '--port=0',
    '--no-logs-no-support',
  ]
  const ready = /SOCKS5 listening on ([\d.]+):(\d+)/
  const daemon = resources.use(await startGuardedProcess(program, args, { ready, env, signal }))
  const [, host = '', port] = daemon.ready
  const ips = await joinByLocalApi(socket, { withoutKey: authKey === undefined, signal })
  const running = resources.move()
  return {
    ...throughSocks({ host, port: Number(port) }),
    hostname,
    ips,
    pid: daemon.pid,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
