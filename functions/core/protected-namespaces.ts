import type { Config } from './config.ts'

/** True for namespaces that no rule can name: the install's own two, and those of Kubernetes and Knative. */
export function isProtectedNamespace(name: string, namespaces: Config['namespaces']): boolean {
  return isSystemNamespace(name) || name === namespaces.system || name === namespaces.sessions
}

/** True for namespaces of Kubernetes and Knative. */
export function isSystemNamespace(name: string): boolean {
  return name.startsWith('kube-') || name.startsWith('knative-')
}
