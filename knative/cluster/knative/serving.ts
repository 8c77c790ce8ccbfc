import { configDir, readFolder } from '../../lab/knative-config.ts'
import type { Manifest } from '../../render/manifest.ts'
import { gatewayManifests, ingressClass } from './gateway.ts'
import { fromStock } from './stock.ts'

/** Namespace of Knative Serving. */
const servingNamespace = 'knative-serving'

/** Settings that a test cannot wait for: a pod without requests is gone after some 12 s rather than 90. */
const settings = {
  'config-network': { 'ingress-class': ingressClass },
  'config-autoscaler': {
    'stable-window': '6s',
    'scale-to-zero-grace-period': '6s',
    'allow-zero-initial-scale': 'true',
  },
}

/** Knative Serving as its modules have it, on the gateway. */
export async function servingManifests(): Promise<readonly Manifest[]> {
  const folders = await Promise.all(
    // In Serving's repository the last two are links in its own folder, which a module cannot hold.
    ['serving/config/core', 'networking/config', 'caching/config'].map(async path =>
      readFolder(await configDir(`knative.dev/${path}`)),
    ),
  )
  return [...fromStock(folders.flat(), settings), ...gatewayManifests(servingNamespace)]
}
