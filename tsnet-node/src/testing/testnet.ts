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
  setOnline(hostname: string, online: boolean): Promise<void>
  nodes(): Promise<readonly JoinedNode[]>
}

export interface TestnetOptions {
  /** Nodes must bring this key. */
  readonly authKey?: string
  /** Nodes without an auth key are given a URL to open. */
  readonly requireLogin?: boolean
  readonly signal?: AbortSignal
}

/** An offline tailnet on loopback: control server, DERP and STUN in one process, which ends with this one. */
export interface Testnet extends TestnetAdmin, AsyncDisposable {
  readonly controlUrl: string
  readonly adminUrl: string
  /** Environment that every node of it needs (`TailscaleNodeOptions.env`). */
  readonly env: Readonly<Record<string, string>>
  /** Process id of the tailnet's process. */
  readonly pid: number
}

/** Starts an offline tailnet. */
export async function startTestnet(_options?: TestnetOptions): Promise<Testnet> {
  throw new Error('in the making')
}

/** The admin client of a tailnet that another process started. */
export function testnetAdmin(_adminUrl: string): TestnetAdmin {
  throw new Error('in the making')
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
