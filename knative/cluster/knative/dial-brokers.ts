import * as v from 'valibot'
import { knativeNamespace, services } from '../../lab/data-plane.ts'
import type { Dial } from '../../lab/post-event.ts'

/** An API server, as the lab's clients call it. */
interface Api {
  call(method: 'GET', path: string): Promise<unknown>
}

const Service = v.object({ spec: v.object({ clusterIP: v.string() }) })

/** How Brokers are reached from this machine: they share one Service, which has an address here, but no name. */
export async function dialBrokers(api: Api): Promise<Dial> {
  const path = `/api/v1/namespaces/${knativeNamespace}/services/${services.ingress}`
  const host = v.parse(Service, await api.call('GET', path)).spec.clusterIP
  return url => ({ host, port: 80, path: new URL(url).pathname })
}
