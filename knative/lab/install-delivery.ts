import * as v from 'valibot'
import { type TapOptions, tapBroker } from './install-tap.ts'
import { waitUntil } from './wait-until.ts'

const Subscriptions = v.object({ items: v.array(v.object({ metadata: v.object({ uid: v.string() }) })) })
const Channel = v.object({
  spec: v.object({ subscribers: v.optional(v.array(v.object({ uid: v.string() })), []) }),
})

/**
 * Waits until the Broker delivers to all of its Triggers. That they are Ready is not enough, since Knative (v1.22)
 * - writes the channel's whole list of subscribers for each of them, so that of several made at once one may take another
 *   out until that is reconciled again;
 * - says so of a subscriber that its dispatcher will take in only once the channel is Ready in its latest generation.
 * Until then the channel accepts events and delivers them to nobody.
 */
export async function triggersDeliver(options: Omit<TapOptions, 'types'>): Promise<void> {
  const { api, namespace, broker = 'tka', signal } = options
  const root = `/apis/messaging.knative.dev/v1/namespaces/${namespace}`
  await waitUntil(
    `the channel of ${namespace} to have all Subscriptions`,
    async signal => {
      const [subscriptions, channel] = await Promise.all([
        api.call('GET', `${root}/subscriptions`, { signal }),
        api.call('GET', `${root}/inmemorychannels/${broker}-kne-trigger`, { signal }),
      ])
      const listed = new Set(v.parse(Channel, channel).spec.subscribers.map(({ uid }) => uid))
      const missing = v.parse(Subscriptions, subscriptions).items.filter(({ metadata }) => !listed.has(metadata.uid))
      return missing.length === 0 || `${missing.length} are missing`
    },
    { signal },
  )
  // The dispatcher takes in the whole list at once: what comes through a later Trigger shows that it has the others.
  await using _ = await tapBroker({ ...options, types: [] })
}
