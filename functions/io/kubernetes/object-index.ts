import type { ObservedBinding, ObservedServiceAccount } from '../../core/session/observed.ts'
import { collections } from './collections.ts'
import { groupObjects } from './group-objects.ts'
import type { Kubernetes } from './kubernetes.ts'
import { createObjectStore, type ObjectStore, type StoredObject } from './object-store.ts'
import { objectKey, readBinding, readIdentity, readServiceAccount } from './read-objects.ts'
import type { WatchOptions } from './session-index.ts'
import { watchObjects } from './watch-objects.ts'

/** The ServiceAccounts in the sessions namespace, whoever made them. */
export interface ServiceAccountIndex {
  get(name: string): ObservedServiceAccount | undefined
  all(): readonly ObservedServiceAccount[]
  onChange(listener: (name: string) => void): () => void
  put(serviceAccount: ObservedServiceAccount): void
  drop(name: string, uid: string): void
  current(): boolean
}

/** The bindings of the whole cluster that bind a session identity, found by their subjects: a foreign one carries no label of ours. */
export interface BindingIndex {
  /** The bindings that bind one person's ServiceAccount. */
  of(serviceAccount: string): readonly ObservedBinding[]
  /** The bindings that bind the group of all session identities. */
  ofEverySession(): readonly ObservedBinding[]
  all(): readonly ObservedBinding[]
  onChange(listener: (serviceAccounts: readonly string[]) => void): () => void
  put(binding: ObservedBinding): void
  drop(binding: { readonly name: string; readonly namespace?: string; readonly uid?: string }): void
  current(): boolean
}

export async function watchServiceAccounts(
  kubernetes: Kubernetes,
  options: WatchOptions,
): Promise<ServiceAccountIndex> {
  const store = createObjectStore<ObservedServiceAccount>()
  const prefix = `${options.install}-user-`
  const watch = await watchStore(
    kubernetes,
    collections.serviceAccounts(options.sessionsNamespace),
    store,
    options,
    object => {
      const serviceAccount = readServiceAccount(object, options)
      const value = serviceAccount.name.startsWith(prefix) ? serviceAccount : undefined
      return { ...serviceAccount, key: serviceAccount.name, value }
    },
  )
  return {
    get: store.get,
    all: store.values,
    onChange: store.onChange,
    put: value => store.put({ ...value, key: value.name, value }),
    drop: store.drop,
    current: watch.current,
  }
}

export async function watchBindings(kubernetes: Kubernetes, options: WatchOptions): Promise<BindingIndex> {
  const cluster = createObjectStore<ObservedBinding>()
  const namespaced = createObjectStore<ObservedBinding>()
  const found = [cluster, namespaced].map(store => groupObjects(store, groupsOf))
  const inGroup = (group: string) => found.flatMap(of => of(group))
  const read = (object: unknown): StoredObject<ObservedBinding> => ({
    ...readIdentity(object),
    value: readBinding(object, options),
  })
  const watches = await Promise.all([
    watchStore(kubernetes, collections.clusterRoleBindings, cluster, options, read),
    watchStore(kubernetes, collections.roleBindings, namespaced, options, read),
  ])
  const storeOf = (binding: { readonly namespace?: string }) => (binding.namespace === undefined ? cluster : namespaced)
  return {
    of: inGroup,
    ofEverySession: () => inGroup(everySession),
    all: () => [...cluster.values(), ...namespaced.values()],
    onChange(listener) {
      const tell = (_key: string, value: ObservedBinding | undefined) => {
        if (value) listener(value.serviceAccounts)
      }
      const stops = [cluster.onChange(tell), namespaced.onChange(tell)]
      return () => {
        for (const stop of stops) stop()
      }
    },
    put: value => storeOf(value).put({ ...value, key: objectKey(value), value }),
    drop: binding => storeOf(binding).drop(objectKey(binding), binding.uid),
    current: () => watches.every(watch => watch.current()),
  }
}

/** No ServiceAccount has this name. */
const everySession = '*'

function groupsOf(binding: ObservedBinding): readonly string[] {
  return binding.everySession ? [...binding.serviceAccounts, everySession] : binding.serviceAccounts
}

function watchStore<T>(
  kubernetes: Kubernetes,
  path: string,
  store: ObjectStore<T>,
  options: WatchOptions,
  read: (object: unknown) => StoredObject<T>,
) {
  return watchObjects(
    kubernetes,
    { path },
    {
      listed: (items, resourceVersion) => store.replace(items.map(read), resourceVersion),
      changed: object => store.put(read(object)),
      deleted: object => {
        const { key, uid } = readIdentity(object)
        store.drop(key, uid)
      },
      failed: options.failed,
    },
    options.signal,
  )
}
