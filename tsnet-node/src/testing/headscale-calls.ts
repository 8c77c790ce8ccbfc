import type { JoinedNode } from './testnet.ts'

/** How to log a device in. */
export interface HeadscaleKeyOptions {
  /** Whose device it becomes; a key with tags makes one that belongs to nobody. */
  readonly login?: string
  /** Such as `['tag:ci']`. */
  readonly tags?: readonly string[]
  /** A key serves one device unless it is reusable. */
  readonly reusable?: boolean
  readonly ephemeral?: boolean
  /** An hour by default; a negative value makes a key that is over. */
  readonly expiresInMs?: number
}

/** The calls of Headscale's REST API that the tailnet of tests needs. */
export interface HeadscaleCalls {
  /** Resolves to the user's id. */
  createUser(login: string, displayName: string): Promise<string>
  createAuthKey(userId: string | undefined, options: HeadscaleKeyOptions): Promise<string>
  nodes(): Promise<readonly JoinedNode[]>
  deleteNode(id: string): Promise<void>
  expireNode(id: string): Promise<void>
  register(authId: string, login: string): Promise<void>
  /** Rejects with Headscale's own words about a policy that it would not load. */
  checkPolicy(policy: string): Promise<void>
}

interface UserReply {
  readonly id: string
  readonly name: string
}

interface NodeReply {
  readonly id: string
  readonly givenName: string
  readonly ipAddresses: readonly string[]
  readonly user?: UserReply
  readonly tags: readonly string[]
  readonly online: boolean
}

/** Speaks to the Headscale at `controlUrl` with an API key. */
export function headscaleCalls(controlUrl: string, apiKey: string): HeadscaleCalls {
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(new URL(`/api/v1/${path}`, controlUrl), {
      method,
      headers: { authorization: `Bearer ${apiKey}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.trim()}`)
    return JSON.parse(text)
  }
  return {
    async createUser(name, displayName) {
      const { user } = (await send('POST', 'user', { name, displayName })) as { user: UserReply }
      return user.id
    },
    async createAuthKey(user, { tags = [], reusable = false, ephemeral = false, expiresInMs = 3_600_000 }) {
      const expiration = new Date(Date.now() + expiresInMs)
      const reply = await send('POST', 'preauthkey', { user, aclTags: tags, reusable, ephemeral, expiration })
      return (reply as { preAuthKey: { key: string } }).preAuthKey.key
    },
    async nodes() {
      const { nodes } = (await send('GET', 'node')) as { nodes: readonly NodeReply[] }
      return nodes.map(joinedNode)
    },
    async deleteNode(id) {
      await send('DELETE', `node/${id}`)
    },
    async expireNode(id) {
      await send('POST', `node/${id}/expire`, {})
    },
    async register(authId, user) {
      await send('POST', 'auth/register', { user, authId })
    },
    async checkPolicy(policy) {
      await send('POST', 'policy/check', { policy })
    },
  }
}

function joinedNode({ id, givenName, ipAddresses, user, tags, online }: NodeReply): JoinedNode {
  const owner = tags.length > 0 ? undefined : user
  return {
    id,
    hostname: givenName,
    ips: ipAddresses,
    userId: Number(owner?.id ?? 0),
    login: owner?.name ?? '',
    tags,
    online,
  }
}
