import type { HeadscaleCalls, HeadscaleKeyOptions } from './headscale-calls.ts'
import { loginsIn } from './headscale-files.ts'
import { createPolicyFile, type PolicyFile } from './headscale-policy.ts'
import type { JoinedNode } from './testnet.ts'

/** Changes users, keys, grants and nodes of a running Headscale. */
export interface HeadscaleAdmin {
  /** A pre-auth key; a login that is no user yet becomes one. */
  authKey(options: HeadscaleKeyOptions): Promise<string>
  /** Makes a user. */
  setUser(login: string, options?: { readonly displayName?: string }): Promise<void>
  /**
   * A grant of the policy file, which is reloaded (SIGHUP). Selectors are those of such a file: logins, `group:…`, `tag:…`,
   * addresses, `*`. The grant `default` opens everything to everybody. Rejects with what Headscale says of a policy that it
   * would not load, and keeps the old one.
   */
  readonly setGrant: PolicyFile['setGrant']
  readonly removeGrant: PolicyFile['removeGrant']
  /** Members of a group, such as `group:admins`. */
  readonly setGroup: PolicyFile['setGroup']
  nodes(): Promise<readonly JoinedNode[]>
  /** Takes a joined node out of the tailnet. */
  removeNode(hostname: string): Promise<void>
  /** Lets the node's key expire now. */
  expireNode(hostname: string): Promise<void>
  /** A person opens the URL of an `authUrl` event and agrees. */
  completeLogin(url: string, login: string): Promise<void>
}

export interface HeadscaleAdminDeps {
  readonly calls: HeadscaleCalls
  readonly policyPath: string
  readonly reload: () => void
}

/** Makes the admin over the REST API and the policy file. */
export function createHeadscaleAdmin({ calls, policyPath, reload }: HeadscaleAdminDeps): HeadscaleAdmin {
  const users = new Map<string, Promise<string>>()

  function user(login: string, displayName = login): Promise<string> {
    const known = users.get(login)
    if (known) return known
    const made = calls.createUser(login, displayName)
    users.set(login, made)
    return made
  }

  async function nodeId(hostname: string): Promise<string> {
    const node = (await calls.nodes()).find(joined => joined.hostname === hostname)
    if (!node) throw new Error(`no node ${hostname} has joined`)
    return node.id
  }

  const policy = createPolicyFile({
    path: policyPath,
    reload,
    async check(changed, text) {
      for (const login of loginsIn(changed)) await user(login) // one that is no user is refused
      await calls.checkPolicy(text)
    },
  })

  return {
    ...policy,
    async authKey(options) {
      return calls.createAuthKey(options.login === undefined ? undefined : await user(options.login), options)
    },
    async setUser(login, { displayName } = {}) {
      await user(login, displayName)
    },
    nodes: calls.nodes,
    removeNode: async hostname => calls.deleteNode(await nodeId(hostname)),
    expireNode: async hostname => calls.expireNode(await nodeId(hostname)),
    async completeLogin(url, login) {
      await user(login)
      await calls.register(new URL(url).pathname.split('/').at(-1) ?? '', login)
    },
  }
}
