import type { Api } from '../kube/api.ts'
import type { Rendered } from '../render/render.ts'
import { becomesReady, guardHolds } from './install-ready.ts'
import type { Lab } from './lab.ts'
import type { Shadow } from './shadow/shadow.ts'
import { waitUntil } from './wait-until.ts'

/** Whose readiness is waited for. */
export interface Waiting {
  readonly lab: Lab
  readonly api: Api
  readonly shadow: Shadow
  readonly rendered: Rendered
  readonly without: readonly string[]
  readonly signal: AbortSignal
}

/** Waits until every part of an install says that it is ready, and login is on the tailnet. */
export async function installReady({ lab, api, shadow, rendered, without, signal }: Waiting): Promise<void> {
  const { manifests, config } = rendered
  const { install, namespaces } = config
  const functions = manifests
    .filter(({ apiVersion }) => apiVersion.startsWith('serving.knative.dev/'))
    .map(({ metadata }) => metadata.name)
    .filter(name => !without.includes(name))
  await Promise.all([
    guardHolds(
      api,
      { install, system: namespaces.system, provisioner: `system:serviceaccount:${namespaces.system}:provisioner` },
      signal,
    ),
    ...functions.map(name => shadow.ready(name, { signal })),
    ...manifests
      .filter(({ kind }) => kind === 'Broker' || kind === 'SinkBinding')
      .map(manifest => becomesReady(api, manifest, signal)),
    // A Trigger needs its subscriber's and its dead letter's address.
    ...(without.length > 0 ? [] : manifests.filter(({ kind }) => kind === 'Trigger')).map(manifest =>
      becomesReady(api, manifest, signal),
    ),
    ...(without.includes('login') ? [] : [joins(lab, config.tailnet.hostname, signal)]),
  ])
}

async function joins(lab: Lab, hostname: string, signal: AbortSignal): Promise<void> {
  await waitUntil(
    `${hostname} to join the tailnet`,
    async () => {
      const names = (await lab.tailnet.nodes()).map(node => node.hostname)
      return names.includes(hostname) || `the tailnet has ${names.join(', ') || 'nobody'}`
    },
    { signal },
  )
}
