import assert from 'node:assert/strict'
import * as v from 'valibot'
import type { PodInstall } from '../pod-stand.ts'

const Lease = v.object({ spec: v.optional(v.object({ holderIdentity: v.optional(v.string()) }), {}) })

/** Login's tailnet node, as the tailnet knows it: its identity, which no rollout may change. */
export async function loginNode({ tailnet, install }: PodInstall): Promise<{ id: string; ips: readonly string[] }> {
  const nodes = (await tailnet.nodes()).filter(({ hostname }) => hostname === install.hostname)
  assert.equal(nodes.length, 1, `nodes called ${install.hostname}: ${JSON.stringify(nodes)}`)
  const [node] = nodes
  assert.ok(node)
  return { id: node.id, ips: node.ips }
}

/** Name of the pod of login that is the tailnet node, as the Lease says; `undefined` while none is. */
export async function nodeHolder({ install }: PodInstall): Promise<string | undefined> {
  const lease = await install.kubectl('get', 'lease', 'tka-login', '-n', install.namespaces.system, '-o', 'json')
  // `<pod>-<process id>`.
  return v.parse(Lease, JSON.parse(lease)).spec.holderIdentity?.replace(/-\d+$/, '')
}
