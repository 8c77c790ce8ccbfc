/** The functions that sign events; each has a key of its own. */
export const functionNames = ['login', 'provisioner', 'logout', 'sweeper', 'deadletter'] as const

export type FunctionName = (typeof functionNames)[number]

/** The CloudEvents `source` of a part of TKA in one cluster. `tick` emits hints and signs nothing. */
export function sourceOf(cluster: string, part: FunctionName | 'tick'): string {
  return `/tka/${cluster}/${part}`
}
