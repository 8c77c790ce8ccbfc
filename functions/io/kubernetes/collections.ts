/** Paths of the collections that sessions live in. */
export const collections = {
  leases: (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  serviceAccounts: (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  roleBindings: '/apis/rbac.authorization.k8s.io/v1/rolebindings',
  clusterRoleBindings: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
} as const
