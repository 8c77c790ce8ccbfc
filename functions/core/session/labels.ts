import { formatInstant } from '../instant.ts'

/** Names of the labels that our objects carry, so that `kubectl get serviceaccount -L …` reads as a table. */
export const label = {
  managedBy: 'app.kubernetes.io/managed-by',
  instance: 'app.kubernetes.io/instance',
  role: 'tka.dev/role',
  validUntil: 'tka.dev/valid-until',
} as const

/** Names of the annotations on a session's ServiceAccount and bindings; the Lease has more (lease-codec.ts). */
export const annotation = {
  session: 'tka.dev/session',
  login: 'tka.dev/login',
  userId: 'tka.dev/user-id',
  node: 'tka.dev/node',
  role: 'tka.dev/role',
  validUntil: 'tka.dev/valid-until',
} as const

/** The labels by which everything of this install is found and the guard knows it. */
export function ownerLabels(install: string): Record<string, string> {
  return { [label.managedBy]: 'tka', [label.instance]: install }
}

/** The same as a selector of a list call. */
export function ownerSelector(install: string): string {
  return Object.entries(ownerLabels(install))
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** The labels of a session's objects. A label value knows no colon: `2026-11-23T10.00.00Z`. */
export function sessionLabels(install: string, terms: { readonly role: string; readonly validUntil: number }) {
  return {
    ...ownerLabels(install),
    [label.role]: terms.role,
    [label.validUntil]: formatInstant(terms.validUntil).replaceAll(':', '.'),
  }
}
