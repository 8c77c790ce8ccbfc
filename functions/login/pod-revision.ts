/** The name of a pod of Knative Serving: its revision's, with the generation in five digits or more, and its Deployment's suffixes. */
const podOfRevision = /^(.+)-(\d{5,})-deployment-/

/**
 * True when one pod is of an earlier revision than another, by the names that Knative Serving gives: the later one is where events
 * arrive, or will. False for pods of one revision, and for those that nobody numbered.
 */
export function isEarlierRevision(pod: string, than: string): boolean {
  const [, name, generation] = podOfRevision.exec(pod) ?? []
  const [, otherName, otherGeneration] = podOfRevision.exec(than) ?? []
  return name !== undefined && name === otherName && Number(generation) < Number(otherGeneration)
}
