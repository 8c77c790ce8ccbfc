import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { Api } from '../../kube/api.ts'
import { follow } from './follow.ts'
import type { MountSources } from './mounts.ts'
import { ConfigMap, type Keyed, Secret, ServiceAccount, TokenRequest } from './objects.ts'

/** Follows a namespace's ConfigMaps and Secrets and mints tokens there; resolves once it knows all that are there. */
export async function followMountSources(options: {
  readonly api: Api
  readonly namespace: string
  /** PEM file with the API server's CA. */
  readonly caFile: string
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}): Promise<MountSources> {
  const { api, namespace, signal, log } = options
  const core = `/api/v1/namespaces/${namespace}`
  const listeners = new Set<() => void>()
  const configMaps = new Map<string, Keyed>()
  const secrets = new Map<string, Keyed>()
  const keep = (objects: Map<string, Keyed>) => ({
    seen: (object: Keyed) => {
      objects.set(object.metadata.name, object)
      for (const listener of listeners) listener()
    },
    gone: (object: Keyed) => {
      objects.delete(object.metadata.name)
    },
    failed: (error: unknown) => log(`watch: ${error}`),
  })
  const [ca] = await Promise.all([
    readFile(options.caFile),
    follow(api, `${core}/configmaps`, ConfigMap, keep(configMaps), { signal }),
    follow(api, `${core}/secrets`, Secret, keep(secrets), { signal }),
  ])
  return {
    namespace,
    ca,
    configMap: name => configMaps.get(name),
    secret: name => secrets.get(name),
    onChange: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    mintToken: async (serviceAccount, { expirationSeconds, audience }, signal) => {
      const answer = await api.call('POST', `${core}/serviceaccounts/${serviceAccount}/token`, {
        body: { spec: { expirationSeconds, ...(audience === undefined ? {} : { audiences: [audience] }) } },
        signal,
      })
      const { token, expirationTimestamp } = v.parse(TokenRequest, answer).status
      // As the kubelet does: at four fifths of the token's life.
      return { token, renewAt: Date.now() + (Date.parse(expirationTimestamp) - Date.now()) * 0.8 }
    },
    automounts: async (serviceAccount, signal) => {
      const answer = await api.call('GET', `${core}/serviceaccounts/${serviceAccount}`, { signal })
      return v.parse(ServiceAccount, answer).automountServiceAccountToken
    },
    log,
  }
}
