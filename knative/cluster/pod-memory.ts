import * as v from 'valibot'
import { type FunctionName, functionNames } from '#events'
import { waitUntil } from '../lab/wait-until.ts'

/** What one pod of a function takes, in bytes: what its containers' cgroups hold and cannot give back. */
export interface PodMemory {
  readonly pod: string
  readonly name: FunctionName
  /** The function's own container, and what it may have. */
  readonly bytes: number
  readonly limitBytes: number
  /** With Serving's proxy beside it. */
  readonly podBytes: number
}

const Container = v.object({
  name: v.string(),
  memory: v.object({ time: v.pipe(v.string(), v.transform(Date.parse)), workingSetBytes: v.number() }),
})
const Summary = v.object({
  pods: v.array(v.object({ podRef: v.object({ name: v.string() }), containers: v.optional(v.array(Container), []) })),
})
const Pods = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ name: v.string(), deletionTimestamp: v.optional(v.string()) }),
      status: v.object({ containerStatuses: v.optional(v.array(v.object({ ready: v.boolean() })), []) }),
      spec: v.object({
        containers: v.array(
          v.object({ name: v.string(), resources: v.object({ limits: v.optional(v.object({ memory: v.string() })) }) }),
        ),
      }),
    }),
  ),
})

/** Asks the kubelet (`/stats/summary`) about every ready pod of a function, for figures no older than this call. */
export async function readPodMemory(
  kubectl: (...args: readonly string[]) => Promise<string>,
  namespace: string,
): Promise<readonly PodMemory[]> {
  const list = await kubectl('get', 'pods', '-n', namespace, '-l=serving.knative.dev/service', '-o=json')
  const ready = v
    .parse(Pods, JSON.parse(list))
    .items.filter(({ status: { containerStatuses } }) => containerStatuses.every(container => container.ready))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const node = (await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim()
  const asked = Date.now()
  let found: readonly PodMemory[] = []
  await waitUntil(
    'fresh figures from the kubelet',
    async () => {
      const summary = await kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`)
      const { pods } = v.parse(Summary, JSON.parse(summary))
      const figures = new Map(pods.map(({ podRef, containers }) => [podRef.name, containers]))
      const all = ready.map(({ metadata, spec }) => memoryOf(metadata.name, spec.containers, figures, asked))
      found = all.filter(memory => typeof memory !== 'string')
      return all.find(memory => typeof memory === 'string') ?? true
    },
    { everyMs: 1_000 },
  )
  return found
}

type Specified = v.InferOutput<typeof Pods>['items'][number]['spec']['containers']

function memoryOf(
  pod: string,
  specified: Specified,
  figures: ReadonlyMap<string, readonly v.InferOutput<typeof Container>[]>,
  since: number,
): PodMemory | string {
  const containers = figures.get(pod)
  const name = functionNames.find(name => specified.some(container => container.name === name))
  const own = containers?.find(container => container.name === name)
  if (containers === undefined || name === undefined || own === undefined) return `no figures of ${pod}`
  if (containers.some(({ memory }) => memory.time < since)) return `old figures of ${pod}`
  const limit = specified.find(container => container.name === name)?.resources.limits?.memory
  const mebibytes = /^(\d+)Mi$/.exec(limit ?? '')?.[1]
  if (mebibytes === undefined) return `no limit of ${pod}`
  return {
    pod,
    name,
    bytes: own.memory.workingSetBytes,
    limitBytes: Number(mebibytes) * 2 ** 20,
    podBytes: containers.reduce((sum, { memory }) => sum + memory.workingSetBytes, 0),
  }
}
