import { sameBinding } from '../binding-names.ts'
import type { Observed, ObservedBinding, ObservedServiceAccount } from '../observed.ts'
import type { BindingRef, SessionRecord, SessionTerms } from '../session-record.ts'

/** The answers of an API server that plans have to reckon with. */
export class ModelRefusal extends Error {
  readonly kind: 'exists' | 'conflict' | 'not-found'

  constructor(kind: 'exists' | 'conflict' | 'not-found') {
    super(kind)
    this.kind = kind
  }
}

/** A cluster in memory that keeps the API server's promises: versions, UIDs, names, finalizers. For tests. */
export interface ModelCluster {
  readonly leases: Map<string, SessionRecord>
  readonly serviceAccounts: Map<string, ObservedServiceAccount>
  readonly bindings: Map<string, ObservedBinding>
  /** Changes with every write. */
  version(): number
  observe(name: string): Observed
  writeLease(record: SessionRecord): SessionRecord
  deleteLease(record: Pick<SessionRecord, 'name' | 'resourceVersion'>): void
  createServiceAccount(name: string, terms: SessionTerms): ObservedServiceAccount
  dateServiceAccount(serviceAccount: ObservedServiceAccount, validUntil: number): ObservedServiceAccount
  deleteServiceAccount(serviceAccount: {
    readonly name: string
    readonly uid: string
  }): ObservedServiceAccount | undefined
  createBinding(binding: BindingRef, name: string, terms: SessionTerms): ObservedBinding
  dateBinding(binding: ObservedBinding, validUntil: number): ObservedBinding
  deleteBinding(binding: BindingRef & { readonly uid?: string }): void
  getBinding(binding: BindingRef): ObservedBinding | undefined
  /** What an authoriser would say: the binding that lets this person in. */
  whyAllowed(name: string): string | undefined
}

export function createModelCluster(now: () => number): ModelCluster {
  const leases = new Map<string, SessionRecord>()
  const serviceAccounts = new Map<string, ObservedServiceAccount>()
  const bindings = new Map<string, ObservedBinding>()
  let writes = 0

  const identity = () => {
    writes += 1
    return { uid: `uid-${writes}`, resourceVersion: String(writes) }
  }
  const key = ({ name, namespace }: BindingRef) => `${namespace ?? ''}/${name}`
  const fresh = (terms: SessionTerms) => ({
    ...identity(),
    createdAt: Math.floor(now() / 1000) * 1000,
    deleting: false,
    finalizers: [],
    owned: false,
    ours: true,
    session: terms.session,
    validUntil: terms.validUntil,
  })

  return {
    leases,
    serviceAccounts,
    bindings,
    version: () => writes,
    observe(name) {
      const lease = leases.get(name)
      const serviceAccount = serviceAccounts.get(name)
      return {
        name,
        ...(lease ? { lease } : {}),
        ...(serviceAccount ? { serviceAccount } : {}),
        bindings: [...bindings.values()].filter(binding => binding.serviceAccounts.includes(name)),
        groupBindings: [...bindings.values()].filter(binding => binding.everySession),
        unconfirmed: [],
        missing: [],
        refused: false,
      }
    },
    writeLease(record) {
      const known = leases.get(record.name)
      if (record.resourceVersion === undefined && known) throw new ModelRefusal('exists')
      if (record.resourceVersion !== undefined && !known) throw new ModelRefusal('not-found')
      if (known && known.resourceVersion !== record.resourceVersion) throw new ModelRefusal('conflict')
      const { uid, resourceVersion } = identity()
      const written = { ...record, uid: known?.uid ?? uid, resourceVersion }
      leases.set(record.name, written)
      return written
    },
    deleteLease({ name, resourceVersion }) {
      const known = leases.get(name)
      if (known && resourceVersion !== undefined && known.resourceVersion !== resourceVersion)
        throw new ModelRefusal('conflict')
      if (leases.delete(name)) writes += 1
    },
    createServiceAccount(name, terms) {
      if (serviceAccounts.has(name)) throw new ModelRefusal('exists')
      const made = { name, ...fresh(terms), login: terms.login, userId: terms.userId }
      serviceAccounts.set(name, made)
      return made
    },
    dateServiceAccount({ name, uid }, validUntil) {
      const known = serviceAccounts.get(name)
      if (!known) throw new ModelRefusal('not-found')
      if (known.uid !== uid) throw new ModelRefusal('conflict')
      const dated = { ...known, validUntil, resourceVersion: identity().resourceVersion }
      serviceAccounts.set(name, dated)
      return dated
    },
    deleteServiceAccount({ name, uid }) {
      const known = serviceAccounts.get(name)
      if (!known) return undefined
      if (known.uid !== uid) throw new ModelRefusal('conflict')
      writes += 1
      if (known.finalizers.length > 0) {
        const held = { ...known, deleting: true }
        serviceAccounts.set(name, held)
        return held
      }
      serviceAccounts.delete(name)
      return undefined
    },
    createBinding(binding, name, terms) {
      if (bindings.has(key(binding))) throw new ModelRefusal('exists')
      const made = {
        ...binding,
        ...fresh(terms),
        role: terms.role,
        roleKind: 'ClusterRole',
        serviceAccounts: [name],
        everySession: false,
        sessionsOnly: true,
      }
      bindings.set(key(binding), made)
      return made
    },
    dateBinding(binding, validUntil) {
      const known = bindings.get(key(binding))
      if (!known) throw new ModelRefusal('not-found')
      if (known.uid !== binding.uid) throw new ModelRefusal('conflict')
      const dated = { ...known, validUntil, resourceVersion: identity().resourceVersion }
      bindings.set(key(binding), dated)
      return dated
    },
    deleteBinding(binding) {
      const known = bindings.get(key(binding))
      if (!known) return
      if (binding.uid !== undefined && known.uid !== binding.uid) throw new ModelRefusal('conflict')
      writes += 1
      if (known.finalizers.length > 0) bindings.set(key(binding), { ...known, deleting: true })
      else bindings.delete(key(binding))
    },
    getBinding: binding => [...bindings.values()].find(known => sameBinding(known, binding)),
    whyAllowed: name =>
      [...bindings.values()].find(binding => binding.everySession || binding.serviceAccounts.includes(name))?.name,
  }
}
