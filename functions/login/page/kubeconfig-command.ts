import { type ListenerNames, originOf } from '#core/check-request'
import type { Config } from '#core/config'
import { apiPath } from '../api-bodies.ts'

/**
 * The command that puts a person's kubeconfig into a file of their own and points kubectl to it: over the tailnet, under the
 * listener's full name. A refusal leaves the file as it was.
 */
export function kubeconfigCommand(
  listener: ListenerNames,
  { install, cluster }: Pick<Config, 'install' | 'cluster'>,
): string {
  const file = `~/.kube/${install}-${cluster}.yaml`
  return `(umask 077 && curl -fsS --create-dirs \\
  -H 'Accept: application/yaml' \\
  -o ${file} \\
  ${originOf(listener)}${apiPath}/kubeconfig)
export KUBECONFIG=${file}
`
}
