import * as v from 'valibot'
import type { Addresses } from './addresses.ts'
import { run } from './command.ts'
import type { Namespaces } from './namespaces.ts'

/** The one link of a cluster to the machine. */
const link = 'tka-cluster'

const Routes = v.array(v.object({ dst: v.string() }))

/** Destinations of all IPv4 routes of this machine but the default ones. */
export async function readRoutes(): Promise<readonly string[]> {
  const routes = v.parse(Routes, JSON.parse(await run('ip', ['-4', '-json', 'route', 'show', 'table', 'all'])))
  return routes.map(({ dst }) => dst).filter(dst => dst !== 'default')
}

/** Lets machine and cluster reach each other over one link and one route. Disposing of it takes both away. */
export async function connectNetwork(addresses: Addresses, { holder, enter }: Namespaces): Promise<AsyncDisposable> {
  const { block, services, host, node } = addresses
  const inside = ['link set lo up', `address add ${node}/30 dev eth0`, 'link set eth0 up']
  // The node's own packets to a ClusterIP need a route before kube-proxy's rules see them: webhooks fail without it.
  inside.push(`route add ${services} dev lo src ${node}`)
  await batch([], [`link add ${link} type veth peer name eth0 netns ${holder}`])
  await batch(enter, inside)
  await run('nsenter', [...enter.slice(1), 'sysctl', '-qw', 'net.ipv4.ip_forward=1', ...orphans])
  await batch([], [`address add ${host}/30 dev ${link}`, `link set ${link} up`, `route add ${block} via ${node}`])
  return { [Symbol.asyncDispose]: removeLink }
}

/**
 * A network namespace outlives its processes for as long as TCP tries to tell the other side that they are gone: with the
 * usual eight tries a minute and more, for the pods, on the other side, are gone as well.
 */
const orphans = ['net.ipv4.tcp_orphan_retries=3']

/** Takes the link away, if it is there; its routes go with it. */
export async function removeLink(): Promise<void> {
  const links = v.parse(
    v.array(v.object({ ifname: v.optional(v.string()) })),
    JSON.parse(await run('ip', ['-json', 'link'])),
  )
  if (links.some(({ ifname }) => ifname === link)) await run('ip', ['link', 'delete', link])
}

async function batch(within: readonly string[], lines: readonly string[]): Promise<void> {
  const [file = 'ip', ...args] = [...within, 'ip', '-batch', '-']
  await run(file, args, { input: `${lines.join('\n')}\n` })
}
