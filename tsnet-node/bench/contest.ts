import { fileURLToPath } from 'node:url'
import { buildGo, startTestnet, type Testnet } from '../src/testing/index.ts'
import { startLineProcess } from '../src/testing/line-process.ts'
import { type LoadClient, loadClient } from './load-client.ts'
import { benchPrograms } from './programs.ts'

/** One of the two that are compared. */
interface Contestant {
  /** Its tailnet address. */
  readonly ip: string
  /** All its processes; the one that the tailnet's bytes come into is the first. */
  readonly pids: readonly [number, ...number[]]
}

/** Both servers and the load generator, on one offline tailnet. */
export interface Contest extends AsyncDisposable {
  readonly net: Testnet
  readonly client: LoadClient
  readonly go: Contestant
  readonly node: Contestant
}

/** The two sides, by name. */
export type Side = 'go' | 'node'

const nodeServer = fileURLToPath(new URL('node-server.ts', import.meta.url))

/** Starts everything and waits until packets go straight to both servers. */
export async function openContest(log: (line: string) => void): Promise<Contest> {
  await using stack = new AsyncDisposableStack()
  const serverProgram = await buildGo({ ...benchPrograms.server, log })
  const clientProgram = await buildGo({ ...benchPrograms.client, log })
  const net = stack.use(await startTestnet())
  const args = (hostname: string) => ['--hostname', hostname, '--control-url', net.controlUrl]
  const options = { env: net.env, signal: AbortSignal.timeout(60_000) }

  const goProcess = stack.use(await startLineProcess(serverProgram, args('bench-go'), options))
  const nodeProcess = stack.use(await startLineProcess(process.execPath, [nodeServer, ...args('bench-node')], options))
  const clientProcess = stack.use(await startLineProcess(clientProgram, args('bench-client'), options))

  const { helperPid } = nodeProcess.ready as { helperPid: number }
  const go: Contestant = { ip: firstIp(goProcess.ready), pids: [goProcess.pid] }
  const node: Contestant = { ip: firstIp(nodeProcess.ready), pids: [helperPid, nodeProcess.pid] }
  const client = loadClient(clientProcess)
  await client.reach(go.ip)
  await client.reach(node.ip)
  const all = stack.move()
  return { net, client, go, node, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

function firstIp(ready: unknown): string {
  const [ip] = (ready as { ips: readonly string[] }).ips
  if (ip === undefined) throw new Error('a server without a tailnet address')
  return ip
}
