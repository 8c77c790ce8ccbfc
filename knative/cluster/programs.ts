import { kubernetes, type LabProgram, programs as lab, program, stripped } from '../lab/programs.ts'
import { knativePrograms } from './knative/programs.ts'

/** Everything a cluster compiles: the lab's programs, what a node runs, and what its pods run. */
export const programs: readonly LabProgram[] = [
  ...lab,
  program('kubelet', 'kubernetes', 'k8s.io/kubernetes/cmd/kubelet', kubernetes, '2 min'),
  program('kube-proxy', 'kubernetes', 'k8s.io/kubernetes/cmd/kube-proxy', kubernetes, 'a minute'),
  program('kube-scheduler', 'kubernetes', 'k8s.io/kubernetes/cmd/kube-scheduler', kubernetes, 'a minute'),
  program('pause', 'knative', './pause', stripped, 'a few seconds'),
  program('coredns', 'knative', './coredns', stripped, 'a minute'),
  ...knativePrograms,
]
