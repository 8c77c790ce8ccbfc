import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { SpanKind } from '@opentelemetry/api'
import type { Hono } from 'hono'
import { type NodeStatus, type StateStore, TailscaleError, TailscaleNode, type TailscaleSocket } from 'tsnet-node'
import type { Config } from '#core/config'
import type { Logger } from '#io/log'
import { inSpan } from '#io/telemetry/in-span'
import type { Connection } from './connection.ts'
import { identify } from './identify.ts'
import type { NodeHolding } from './node-lease.ts'
import type { TailnetEnv } from './tailnet-env.ts'
import { createTailnetServer } from './tailnet-server.ts'

/** The tailnet node while this pod is it. */
export interface NodeUp {
  readonly node: TailscaleNode
  /** Aborts when it is to be left: nothing new is begun, what is under way is finished. */
  readonly leaving: AbortSignal
}

/** What being the tailnet node needs. */
export interface ServeTailnetDeps {
  readonly config: Config
  readonly app: Hono<TailnetEnv>
  /** Where the node's state is kept; nothing is written there after `over`. */
  readonly state: (over: AbortSignal) => StateStore
  /** File with the key that a node joins with; used while its state is empty. */
  readonly authKeyFile: string
  readonly hold: (options: { readonly insist: boolean; readonly signal: AbortSignal }) => Promise<NodeHolding>
  /** Told of the node that is up, and of `undefined` once it no longer is. */
  readonly nodeChanged: (node: NodeUp | undefined) => void
  readonly log: Logger
}

const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** Joining takes a second or three; whoever has to approve the node first may take longer than this, and it is tried again. */
const upTimeoutMs = 60_000
/** So many are held in a fraction of the memory that the pod has; one address can have a quarter of them. */
const maxConnections = 1_024
/** How often the node asks what it is called. */
const nameEveryMs = 5_000
/** A request that is held to the last moment must still be answered. */
const answerMs = 3_000

/**
 * Is the tailnet node whenever this pod may be, until `signal`. It asks for the node once, when it starts: a pod that has handed over,
 * or that fails to join, leaves it to whichever pod can. A failure is logged and tried again, and so is the end of the node's login:
 * with the auth key that is there by then. The pod stays ready for events meanwhile.
 */
export async function serveTailnet(deps: ServeTailnetDeps, signal: AbortSignal): Promise<void> {
  let insist = true
  for (let pauseMs = firstPauseMs; !signal.aborted; ) {
    try {
      await using holding = await deps.hold({ insist, signal })
      insist = false
      const joined = () => {
        pauseMs = firstPauseMs
      }
      await serveWhile(holding, { ...deps, joined }, signal)
    } catch (error) {
      if (signal.aborted) return
      const remedy = needsLogin(error)
        ? `put an auth key that is still good into the Secret of ${deps.authKeyFile}`
        : undefined
      deps.log.error('the tailnet node is down', { error, retryMs: pauseMs, remedy })
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    }
  }
}

async function serveWhile(
  holding: NodeHolding,
  deps: ServeTailnetDeps & { readonly joined: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { config, log } = deps
  const left = new AbortController()
  using _ = { [Symbol.dispose]: () => left.abort() }
  await using node = new TailscaleNode(await nodeOptions(deps, AbortSignal.any([holding.lost, left.signal])))
  logNode(node, log)
  // Another pod may be this node in a moment, so nothing is finished first.
  holding.lost.addEventListener('abort', () => {
    log.error('the tailnet node is left at once: its Lease is another pod’s, or cannot be renewed')
    void node.close().catch(() => undefined)
  })
  const loggedOut = watchLogin(node)
  const leaving = AbortSignal.any([signal, holding.wanted])
  const status = await join(node, leaving)
  if (!status) return
  deps.joined()
  deps.nodeChanged({ node, leaving })
  try {
    using names = followNames(node, status)
    await using ports = new AsyncDisposableStack()
    for (const scheme of config.tailnet.https ? (['http', 'https'] as const) : (['http'] as const)) {
      ports.use(await openPort(deps, node, names, scheme))
    }
    log.info('the tailnet is up', { name: status.name, ips: status.ips, node: status.id })
    await aborted(AbortSignal.any([leaving, loggedOut]))
    if (!leaving.aborted) {
      // Nobody can be answered over it.
      await node.close()
      throw new Error('the node has lost its login: its key has expired, or the node was removed from the tailnet')
    }
    log.info(signal.aborted ? 'leaving the tailnet' : 'handing the tailnet node over')
  } finally {
    deps.nodeChanged(undefined)
  }
}

/** Joins the tailnet; `undefined` when the node has to be left before it is there. */
async function join(node: TailscaleNode, leaving: AbortSignal): Promise<NodeStatus | undefined> {
  try {
    return await node.up({ signal: AbortSignal.any([leaving, AbortSignal.timeout(upTimeoutMs)]) })
  } catch (error) {
    if (leaving.aborted) return undefined
    throw error
  }
}

/** Aborts when a node that was on the tailnet has to log in anew. */
function watchLogin(node: TailscaleNode): AbortSignal {
  const loggedOut = new AbortController()
  let running = false
  node.on('state', state => {
    // A helper on its way up passes through NeedsLogin with a good key too.
    if (running && state === 'NeedsLogin') loggedOut.abort()
    if (state === 'Running' || state === 'Restarting') running = state === 'Running'
  })
  node.on('restartFailed', error => {
    if (needsLogin(error)) loggedOut.abort()
  })
  return loggedOut.signal
}

function needsLogin(error: unknown): boolean {
  return error instanceof TailscaleError && (error.code === 'ERR_TSNET_AUTH' || error.code === 'ERR_TSNET_NEEDS_LOGIN')
}

async function nodeOptions({ config, state, authKeyFile }: ServeTailnetDeps, over: AbortSignal) {
  const { hostname, controlUrl, udpPort, tags, env } = config.tailnet
  const authKey = (await readFile(authKeyFile, 'utf8').catch(() => '')).trim()
  return {
    hostname,
    stateStore: state(over),
    port: udpPort,
    maxConnections,
    tags,
    env,
    ...(controlUrl === undefined ? {} : { controlUrl }),
    ...(authKey === '' ? {} : { authKey }),
  }
}

function logNode(node: TailscaleNode, log: Logger): void {
  node.on('state', (state, previous) => log.info('tailnet node', { state, previous }))
  node.on('health', warnings => log.info('health of the tailnet node', { warnings }))
  node.on('helperExit', exit => log.warn('the tailnet helper ended', { exit }))
  node.on('restarted', () => log.info('the tailnet helper is back'))
  node.on('restartFailed', error => log.error('the tailnet helper cannot be started', { error }))
  node.on('drop', dropped => log.warn('closed tailnet connections: too many are open', { ...dropped }))
  node.on('storeFailed', error => log.error('the tailnet node cannot keep its state', { error }))
}

const ports = { http: 80, https: 443 } as const

async function openPort(
  { config, app }: ServeTailnetDeps,
  node: TailscaleNode,
  names: Names,
  scheme: 'http' | 'https',
): Promise<AsyncDisposable> {
  const port = ports[scheme]
  const connectionOf = ({ socket }: IncomingMessage): Connection => ({
    listener: { scheme, port, hosts: names.current() },
    identify: () =>
      inSpan('ask the tailnet who is there', { kind: SpanKind.CLIENT }, () =>
        identify(socket as TailscaleSocket, node, config.capability),
      ),
  })
  const { server, drain } = createTailnetServer({ app, timeouts: config.login, connectionOf })
  const accepting = await node.serve(server, { port, tls: scheme === 'https', unknownPeers: 'accept' })
  return {
    async [Symbol.asyncDispose]() {
      await accepting.close()
      await drain(config.login.holdMs + answerMs)
    },
  }
}

interface Names extends Disposable {
  readonly current: () => readonly string[]
}

/** Follows what the node is called: an administrator may rename it while it is up. */
function followNames(node: TailscaleNode, status: NodeStatus): Names {
  let names = namesOf(status)
  const look = async () => {
    try {
      const now = await node.status({ signal: AbortSignal.timeout(nameEveryMs) })
      if (now.state === 'Running') names = namesOf(now)
    } catch {
      // There is no helper right now: it is called what it was.
    }
  }
  const timer = setInterval(() => void look(), nameEveryMs)
  return { current: () => names, [Symbol.dispose]: () => clearInterval(timer) }
}

function namesOf({ name, ips, certDomains }: NodeStatus): readonly string[] {
  const [short = ''] = name.split('.')
  return [...new Set([name, short, ...ips, ...certDomains].filter(host => host !== '').map(host => host.toLowerCase()))]
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
