import { formatSeconds } from '#core/duration'

/** How a badge's reach is told: the whole cluster, or the namespaces by name. */
export function reachInWords(namespaces: readonly string[] | undefined): string {
  if (namespaces === undefined) return 'the whole cluster'
  return `${namespaces.length === 1 ? 'namespace' : 'namespaces'} ${namespaces.join(', ')}`
}

/** How long something still lasts (milliseconds), never told longer than it is: `7h59m`, `12m`, `45s`. */
export function timeLeftInWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  return formatSeconds(seconds < 60 ? seconds : seconds - (seconds % 60))
}
