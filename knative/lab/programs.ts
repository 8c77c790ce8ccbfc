import { fileURLToPath } from 'node:url'

/** A program of the lab and how to compile it. */
export interface LabProgram {
  readonly name: string
  /** Folder of the Go module that pins it. */
  readonly module: string
  /** Import path, or a path inside the module. */
  readonly package: string
  readonly ldflags: string
  /** Rough time of a cold compile on two cores, given what the programs before it have compiled. */
  readonly about: string
}

/** `-ldflags` of a program that says no version: no symbol table, no debug information. */
export const stripped = '-s -w'
/** Knative refuses to start against an API server that does not say its version. */
export const kubernetes = `${stripped} -X k8s.io/component-base/version.gitVersion=v1.35.4 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35`

/** Everything the lab compiles, in this order; the tailnet's programs are those of `tsnet-node`. */
export const programs: readonly LabProgram[] = [
  program('with-parent', 'with-parent', '.', stripped, 'a few seconds'),
  program('etcd', 'kubernetes', 'go.etcd.io/etcd/server/v3', kubernetes, 'a minute'),
  program('kube-apiserver', 'kubernetes', 'k8s.io/kubernetes/cmd/kube-apiserver', kubernetes, '3 min'),
  program(
    'kube-controller-manager',
    'kubernetes',
    'k8s.io/kubernetes/cmd/kube-controller-manager',
    kubernetes,
    '2 min',
  ),
  program('kubectl', 'kubernetes', 'k8s.io/kubernetes/cmd/kubectl', kubernetes, 'a minute'),
  program('kubeconfig-client', 'kubernetes', './kubeconfig-client', stripped, '10 s'),
  program('ingress', 'knative', 'knative.dev/eventing/cmd/broker/ingress', stripped, 'a minute'),
  program('filter', 'knative', 'knative.dev/eventing/cmd/broker/filter', stripped, '10 s'),
  program('eventing', 'knative', './eventing', stripped, '30 s'),
  program('event_display', 'knative', 'knative.dev/eventing/cmd/event_display', stripped, '10 s'),
]

/** Folder of one of the lab's Go modules. */
export function moduleDir(name: string): string {
  return fileURLToPath(new URL(`go/${name}/`, import.meta.url))
}

/** A program of the Go module `go/<module>`. */
export function program(name: string, module: string, path: string, ldflags: string, about: string): LabProgram {
  return { name, module: moduleDir(module), package: path, ldflags, about }
}
