import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** Name of the one node, where there is one. */
export const nodeName = 'tka-node'

/** Who the lab's own programs and tests are to the API server. */
const users = {
  /** Tests and installers. */
  admin: { name: 'lab-admin', groups: ['system:masters'] },
  /** Has the rights that Kubernetes gives to this name. */
  controllers: { name: 'system:kube-controller-manager', groups: [] },
  scheduler: { name: 'system:kube-scheduler', groups: [] },
  proxy: { name: 'system:kube-proxy', groups: [] },
  /** The Node authorizer goes by this name and group. */
  kubelet: { name: `system:node:${nodeName}`, groups: ['system:nodes'] },
  /** Knative's webhook lets nobody but this name change the subscribers of a channel. */
  knative: { name: 'system:serviceaccount:knative-eventing:eventing-controller', groups: ['system:masters'] },
} as const

/** One of the lab's own users. */
type LabUser = keyof typeof users

/** The lab's own users and their fresh tokens. */
export interface Credentials {
  /** For `--token-auth-file`. */
  readonly tokenFile: string
  readonly token: (user: LabUser) => string
  /** Writes a user's kubeconfig (0600) and resolves to its path. */
  readonly kubeconfig: (user: LabUser, server: { readonly url: string; readonly caFile: string }) => Promise<string>
}

/** Makes a token for each of the lab's own users; everybody else comes as a ServiceAccount or by impersonation. */
export async function makeCredentials(dir: string): Promise<Credentials> {
  const names = Object.keys(users) as LabUser[]
  const tokens = Object.fromEntries(names.map(user => [user, randomToken()])) as Record<LabUser, string>
  const tokenFile = join(dir, 'tokens.csv')
  const lines = names.map(user => {
    const { name, groups } = users[user]
    return `${tokens[user]},${name},${name},"${groups.join(',')}"\n`
  })
  await writeFile(tokenFile, lines.join(''), { mode: 0o600 })
  return {
    tokenFile,
    token: user => tokens[user],
    kubeconfig: async (user, server) => {
      const path = join(dir, user === 'admin' ? 'kubeconfig' : `${user}.kubeconfig`)
      await writeFile(path, kubeconfig(users[user].name, tokens[user], server), { mode: 0o600 })
      return path
    },
  }
}

function randomToken(): string {
  return randomBytes(24).toString('base64url')
}

function kubeconfig(user: string, token: string, server: { readonly url: string; readonly caFile: string }): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server: server.url, 'certificate-authority': server.caFile } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user } }],
    'current-context': 'lab',
  })
}
