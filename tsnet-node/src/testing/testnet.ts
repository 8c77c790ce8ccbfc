import { buildGo, tellProgress } from '../build-go.ts'
import { programs } from '../helper-cache.ts'
import { locateHelper } from '../locate-helper.ts'
import { startLineProcess } from './line-process.ts'

/** What the offline tailnet says about one node, by hostname; may be set before the node joins. */
export interface TestNode {
  /** Full login of the owner; `<hostname>@example.com` when the hostname was never set. */
  readonly login?: string
  readonly displayName?: string
  readonly groups?: readonly string[]
  /** A node with tags belongs to nobody. */
  readonly tags?: readonly string[]
  /** False leaves the user's profile out, so that WhoIs does not know the peer. */
  readonly known?: boolean
}

/** A grant of the tailnet policy. Selectors: login, `group:…`, `tag:…`, `host:<hostname>`, `*`. */
export interface TestGrant {
  readonly src: readonly string[]
  readonly dst: readonly string[]
  /** Lets packets through (all ports). The net opens everything by default: grant id `default`. */
  readonly ip?: boolean
  /** Application capabilities: name → values. */
  readonly app?: Readonly<Record<string, readonly unknown[]>>
}

/** A node that has joined. */
export interface JoinedNode {
  readonly id: string
  readonly hostname: string
  readonly ips: readonly string[]
  readonly userId: number
  readonly login: string
  readonly tags: readonly string[]
  readonly online: boolean
}

/** A key pair and who signed it, as PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
  readonly authority: string
}

/** Changes users, tags and grants of a running offline tailnet; each test may touch its own hostnames and grant ids. */
export interface TestnetAdmin {
  setNode(hostname: string, node: TestNode): Promise<void>
  forgetNode(hostname: string): Promise<void>
  setGrant(id: string, grant: TestGrant): Promise<void>
  removeGrant(id: string): Promise<void>
  /** Takes a joined node out of the tailnet. */
  removeNode(hostname: string): Promise<void>
  /** Lets the node's key expire, now by default. */
  expireNode(hostname: string, options?: { readonly inMs?: number }): Promise<void>
  /** Gives a joined node another name in MagicDNS. */
  renameNode(hostname: string, name: string): Promise<void>
  approveNode(hostname: string): Promise<void>
  setOnline(hostname: string, online: boolean): Promise<void>
  nodes(): Promise<readonly JoinedNode[]>
  /** A person opens the URL of an `authUrl` event and agrees. */
  completeLogin(url: string): Promise<void>
  /** A certificate of a test authority for a tailnet name, all as PEM. */
  certificate(domain: string): Promise<TestCertificate>
}

export interface TestnetOptions {
  /** Nodes must bring this key. */
  readonly authKey?: string
  /** Nodes without an auth key are given a URL to open. */
  readonly requireLogin?: boolean
  /** Nodes wait until an administrator lets them in (`approveNode`). */
  readonly requireApproval?: boolean
  /** False for a tailnet whose nodes have no names for certificates, as Headscale's. */
  readonly https?: boolean
  /** IPv4 address of this machine at which nodes reach it; loopback by default. */
  readonly host?: string
  readonly signal?: AbortSignal
}

/** An offline tailnet, on loopback by default: control server, DERP and STUN in one process, which ends with this one. */
export interface Testnet extends TestnetAdmin, AsyncDisposable {
  readonly controlUrl: string
  readonly adminUrl: string
  /** Environment that every node of it needs (`TailscaleNodeOptions.env`). */
  readonly env: Readonly<Record<string, string>>
  /** Process id of the tailnet's process. */
  readonly pid: number
}

/** Starts an offline tailnet; the first start builds it, and the helper where there is none, which needs Go. */
export async function startTestnet({
  authKey,
  requireLogin,
  requireApproval,
  https = true,
  host,
  signal,
}: TestnetOptions = {}): Promise<Testnet> {
  await ensureHelper()
  const args = [
    ...(authKey ? ['-authkey', authKey] : []),
    ...(requireLogin ? ['-require-login'] : []),
    ...(requireApproval ? ['-require-approval'] : []),
    ...(https ? [] : ['-https=false']),
    ...(host ? ['-host', host] : []),
  ]
  const process = await startLineProcess(await buildGo({ ...programs.testnet, log: tellProgress }), args, { signal })
  const { controlUrl, adminUrl } = process.ready as { controlUrl: string; adminUrl: string }
  return {
    ...testnetAdmin(adminUrl),
    controlUrl,
    adminUrl,
    env: testnetEnv(controlUrl),
    pid: process.pid,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

/** Builds the helper where there is none. */
export async function ensureHelper(): Promise<void> {
  try {
    locateHelper()
  } catch {
    await buildGo({ ...programs.helper, log: tellProgress })
  }
}

/** The admin client of a tailnet that another process started. */
export function testnetAdmin(adminUrl: string): TestnetAdmin {
  const node = (hostname: string) => `/nodes/${encodeURIComponent(hostname)}`
  const grant = (id: string) => `/grants/${encodeURIComponent(id)}`
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(new URL(path, adminUrl), {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.trim()}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  return {
    setNode: (hostname, policy) => send('PUT', node(hostname), policy),
    forgetNode: hostname => send('DELETE', node(hostname)),
    setGrant: (id, policy) => send('PUT', grant(id), policy),
    removeGrant: id => send('DELETE', grant(id)),
    removeNode: hostname => send('POST', `${node(hostname)}/remove`),
    expireNode: (hostname, { inMs = 0 } = {}) => send('POST', `${node(hostname)}/expire`, { inMs }),
    renameNode: (hostname, name) => send('POST', `${node(hostname)}/rename`, { name }),
    approveNode: hostname => send('POST', `${node(hostname)}/approve`),
    setOnline: (hostname, online) => send('POST', `${node(hostname)}/online`, { online }),
    nodes: () => send('GET', '/nodes'),
    completeLogin: url => send('POST', '/login', { url }),
    certificate: domain => send('POST', `/certificates/${encodeURIComponent(domain)}`),
  }
}

/** The environment a node needs to join the offline tailnet at `controlUrl` and to dial nothing else. */
export function testnetEnv(controlUrl: string): Readonly<Record<string, string>> {
  return {
    TS_NO_LOGS_NO_SUPPORT: '1',
    TS_DISABLE_PORTMAPPER: '1',
    TS_PANIC_IF_HIT_MAIN_CONTROL: '1',
    TS_ASSUME_NETWORK_UP_FOR_TEST: '1',
    TS_NETCHECK_GENERATE_204_URL: `${controlUrl}/generate_204`,
  }
}
