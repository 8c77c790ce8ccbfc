import type { PodInstall } from '../pod-stand.ts'
import { serveSubscriber } from './serve-subscriber.ts'

/**
 * Has the provisioner's Trigger deliver to a subscriber that answers everything 503, for as long as `during` runs, which is given the
 * types of what came there.
 */
export async function whileUndeliverable<T>(
  { cluster, install }: PodInstall,
  during: (types: readonly string[]) => Promise<T>,
): Promise<T> {
  const types: string[] = []
  await using broken = await serveSubscriber(cluster.hostAddress, async type => {
    types.push(type)
    return 503
  })
  const trigger = ['trigger/provisioner', '-n', install.namespaces.system]
  const subscribe = async (subscriber: object, resolved: string): Promise<void> => {
    await install.kubectl('patch', ...trigger, '--type=merge', '-p', JSON.stringify({ spec: { subscriber } }))
    await install.kubectl('wait', ...trigger, `--for=jsonpath={.status.subscriberUri}=${resolved}`)
  }
  const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'provisioner' }
  await subscribe({ ref: null, uri: broken.url }, broken.url)
  try {
    return await during(types)
  } finally {
    await subscribe({ ref, uri: null }, `http://provisioner.${install.namespaces.system}.svc.cluster.local`)
  }
}
