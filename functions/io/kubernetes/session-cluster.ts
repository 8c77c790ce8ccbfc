import * as v from 'valibot'
import { formatInstant } from '../../core/instant.ts'
import { annotation, label, sessionLabels } from '../../core/session/labels.ts'
import { decodeLease, encodeLease, encodeLeasePatch } from '../../core/session/lease-codec.ts'
import type { ObservedBinding, ObservedServiceAccount } from '../../core/session/observed.ts'
import type { BindingRef, SessionRecord, SessionTerms } from '../../core/session/session-record.ts'
import { type CallOptions, type Kubernetes, mergePatch } from './kubernetes.ts'
import { failedWith, KubernetesError } from './kubernetes-error.ts'
import { readBinding, readServiceAccount, type SessionScope } from './read-objects.ts'
import { sessionsOwner } from './sessions-owner.ts'

/** A minted token: a secret, never to be logged. */
export interface MintedToken {
  readonly token: string
  /** Epoch milliseconds of the token's own `exp`. */
  readonly expiresAt: number
}

/** The single calls by which sessions are made and taken away. Each throws KubernetesError; a deletion of what is gone succeeds. */
export interface SessionCluster {
  /** Throws LeaseUnreadable when it is no record of a session. */
  getLease(name: string, options: CallOptions): Promise<SessionRecord | undefined>
  /** Creates the Lease (`exists` when there is one), or patches it at the record's resourceVersion (`conflict` when it changed). */
  writeLease(record: SessionRecord, options: CallOptions): Promise<SessionRecord>
  /** With `uid` and `resourceVersion` only that very Lease as it was read. */
  deleteLease(record: Pick<SessionRecord, 'name' | 'uid' | 'resourceVersion'>, options: CallOptions): Promise<void>
  getServiceAccount(name: string, options: CallOptions): Promise<ObservedServiceAccount | undefined>
  createServiceAccount(name: string, terms: SessionTerms, options: CallOptions): Promise<ObservedServiceAccount>
  dateServiceAccount(
    serviceAccount: ObservedServiceAccount,
    validUntil: number,
    options: CallOptions,
  ): Promise<ObservedServiceAccount>
  /** Resolves with what is left when a finalizer holds it. */
  deleteServiceAccount(
    serviceAccount: { readonly name: string; readonly uid: string },
    options: CallOptions,
  ): Promise<ObservedServiceAccount | undefined>
  getBinding(binding: BindingRef, options: CallOptions): Promise<ObservedBinding | undefined>
  createBinding(
    binding: BindingRef,
    name: string,
    terms: SessionTerms,
    options: CallOptions,
  ): Promise<ObservedBinding | undefined>
  dateBinding(binding: ObservedBinding, validUntil: number, options: CallOptions): Promise<ObservedBinding | undefined>
  /** With `uid` only that very binding. */
  deleteBinding(binding: BindingRef & { readonly uid?: string }, options: CallOptions): Promise<void>
  /** A token of this very ServiceAccount (by UID) for the API server's own audience. */
  mintToken(
    serviceAccount: { readonly name: string; readonly uid: string },
    seconds: number,
    options: CallOptions,
  ): Promise<MintedToken>
  /**
   * Why the authoriser lets a session's ServiceAccount itself (not its groups) get pods in a namespace, or in all; `undefined`
   * when it refuses. One question for all roles: of a role that cannot get pods it says nothing, so that the 404 of the bindings
   * alone has to speak.
   */
  whyAllowed(name: string, namespace: string | undefined, options: CallOptions): Promise<string | undefined>
}

const TokenRequest = v.object({ status: v.object({ token: v.string() }) })

const TokenClaims = v.object({
  exp: v.number(),
  'kubernetes.io': v.object({ serviceaccount: v.object({ uid: v.string() }) }),
})

/** The calls for one install over one connection. */
export function openSessionCluster(kubernetes: Kubernetes, scope: SessionScope): SessionCluster {
  const { core, coordination, rbac, authorization, call } = kubernetes
  const namespace = scope.sessionsNamespace
  const serviceAccount = (object: unknown) => readServiceAccount(object, scope)
  const binding = (object: unknown) => readBinding(object, scope)
  const owner = sessionsOwner(kubernetes, namespace)

  return {
    getLease: (name, options) =>
      orUndefined(async () => decodeLease(await coordination.readNamespacedLease({ name, namespace }, call(options)))),

    async writeLease(record, options) {
      const { name } = record
      if (record.resourceVersion === undefined) {
        const body = encodeLease(record, scope)
        return decodeLease(await coordination.createNamespacedLease({ namespace, body }, call(options)))
      }
      const body = encodeLeasePatch(record, scope)
      return decodeLease(await coordination.patchNamespacedLease({ name, namespace, body }, call(options, mergePatch)))
    },

    async deleteLease({ name, uid, resourceVersion }, options) {
      const preconditions = {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      }
      await orUndefined(() =>
        coordination.deleteNamespacedLease({ name, namespace, body: { preconditions } }, call(options)),
      )
    },

    getServiceAccount: (name, options) =>
      orUndefined(async () =>
        serviceAccount(await core.readNamespacedServiceAccount({ name, namespace }, call(options))),
      ),

    async createServiceAccount(name, terms, options) {
      const body = {
        metadata: {
          name,
          labels: sessionLabels(scope.install, terms),
          annotations: {
            ...sessionAnnotations(terms),
            [annotation.login]: terms.login,
            [annotation.userId]: terms.userId,
            [annotation.node]: terms.node,
          },
        },
        automountServiceAccountToken: false,
      }
      return serviceAccount(await core.createNamespacedServiceAccount({ namespace, body }, call(options)))
    },

    async dateServiceAccount({ name, uid }, validUntil, options) {
      const body = datePatch(uid, validUntil)
      return serviceAccount(
        await core.patchNamespacedServiceAccount({ name, namespace, body }, call(options, mergePatch)),
      )
    },

    deleteServiceAccount: ({ name, uid }, options) =>
      orUndefined(async () => {
        const body = { preconditions: { uid }, propagationPolicy: 'Background' }
        const left = serviceAccount(await core.deleteNamespacedServiceAccount({ name, namespace, body }, call(options)))
        return left.deleting && left.finalizers.length > 0 ? left : undefined
      }),

    getBinding: (ref, options) =>
      orUndefined(async () =>
        binding(
          await (ref.namespace === undefined
            ? rbac.readClusterRoleBinding({ name: ref.name }, call(options))
            : rbac.readNamespacedRoleBinding({ name: ref.name, namespace: ref.namespace }, call(options))),
        ),
      ),

    async createBinding(ref, name, terms, options) {
      const body = {
        metadata: {
          name: ref.name,
          labels: sessionLabels(scope.install, terms),
          annotations: sessionAnnotations(terms),
          ownerReferences: [await owner(options)],
        },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: terms.role },
        subjects: [{ kind: 'ServiceAccount', name, namespace }],
      }
      return binding(
        await (ref.namespace === undefined
          ? rbac.createClusterRoleBinding({ body }, call(options))
          : rbac.createNamespacedRoleBinding({ namespace: ref.namespace, body }, call(options))),
      )
    },

    async dateBinding({ name, namespace, uid }, validUntil, options) {
      const body = datePatch(uid, validUntil)
      return binding(
        await (namespace === undefined
          ? rbac.patchClusterRoleBinding({ name, body }, call(options, mergePatch))
          : rbac.patchNamespacedRoleBinding({ name, namespace, body }, call(options, mergePatch))),
      )
    },

    async deleteBinding({ name, namespace, uid }, options) {
      const body = uid === undefined ? {} : { preconditions: { uid } }
      await orUndefined(() =>
        namespace === undefined
          ? rbac.deleteClusterRoleBinding({ name, body }, call(options))
          : rbac.deleteNamespacedRoleBinding({ name, namespace, body }, call(options)),
      )
    },

    async mintToken({ name, uid }, seconds, options) {
      const body = { metadata: { uid }, spec: { audiences: [], expirationSeconds: seconds } }
      const answer = await core.createNamespacedServiceAccountToken({ name, namespace, body }, call(options))
      const { token, claims } = readToken(answer)
      // From 1.34 on the API server compares the UID itself; before, only this line does.
      if (claims['kubernetes.io'].serviceaccount.uid !== uid)
        throw new KubernetesError('invalid', `the API server minted a token of another ServiceAccount than ${uid}`)
      return { token, expiresAt: claims.exp * 1000 }
    },

    async whyAllowed(name, where, options) {
      const resourceAttributes = { verb: 'get', resource: 'pods', ...(where === undefined ? {} : { namespace: where }) }
      const body = { spec: { user: `system:serviceaccount:${namespace}:${name}`, resourceAttributes } }
      const { status } = await authorization.createSubjectAccessReview({ body }, call(options))
      return status?.allowed ? (status.reason ?? 'the authoriser says no reason') : undefined
    },
  }
}

function sessionAnnotations(terms: SessionTerms): Record<string, string> {
  return {
    [annotation.session]: terms.session,
    [annotation.role]: terms.role,
    [annotation.validUntil]: formatInstant(terms.validUntil),
  }
}

/** Sets valid-until on an object of this very UID. */
function datePatch(uid: string, validUntil: number): unknown {
  const text = formatInstant(validUntil)
  return {
    metadata: {
      uid,
      labels: { [label.validUntil]: text.replaceAll(':', '.') },
      annotations: { [annotation.validUntil]: text },
    },
  }
}

/**
 * The token and its claims; nothing is to be verified, since the API server just gave it to us over TLS. What goes wrong here is
 * told without what was read: parsers put their input into their errors.
 */
function readToken(answer: unknown) {
  const parsed = v.safeParse(TokenRequest, answer)
  if (!parsed.success) throw new KubernetesError('invalid', 'the API server answered a TokenRequest without a token')
  const { token } = parsed.output.status
  const claims = v.safeParse(TokenClaims, parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))
  if (!claims.success) throw new KubernetesError('invalid', 'the API server minted a token without exp or UID')
  return { token, claims: claims.output }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function orUndefined<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request()
  } catch (error) {
    if (failedWith(error, 'not-found')) return undefined
    throw error
  }
}
