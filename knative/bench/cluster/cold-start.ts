import * as v from 'valibot'
import { postMessage } from '#io/emit'
import { tickMessage } from '../../../functions/tick/tick-message.ts'
import { type ClusterInstall, senderToken } from '../../cluster/install.ts'
import { dialBrokers } from '../../cluster/knative/dial-brokers.ts'
import { type Api, openApi } from '../../kube/api.ts'

/** One start from zero by an event, and where its time went, in milliseconds. */
export interface ColdStart {
  /** From sending the event until a pod has a node: Broker, activator, autoscaler, Deployment, scheduler. */
  readonly schedule: number
  /** Until the function's process begins: volumes, network, container. The image is there already. */
  readonly container: number
  /** Until it listens: Node's own part. */
  readonly node: number
  /** Until the event is answered: Serving finds the pod ready and hands the event over, the function works. */
  readonly answer: number
  readonly total: number
}

/** The moments of one start, as `Date.now()` has them: the cluster and whoever measures are one machine, with one clock. */
export interface Moments {
  readonly sent: number
  readonly scheduled: number
  readonly listening: number
  /** How old the process was when it listened, in milliseconds. */
  readonly processAgeMs: number
  readonly answered: number
}

/** Starts a function from zero, again and again. */
export interface ColdStarter extends Disposable {
  /** Waits until it is at zero, and resolves when the event that starts it is answered. */
  start(): Promise<ColdStart>
}

const name = 'sweeper'
const timeoutMs = 60_000
const Change = v.object({
  object: v.object({
    metadata: v.object({ name: v.string() }),
    spec: v.object({ nodeName: v.optional(v.string()) }),
  }),
})
const Listening = v.object({
  message: v.literal('listening'),
  time: v.pipe(v.string(), v.transform(Date.parse)),
  processAgeMs: v.number(),
})
const Swept = v.object({ message: v.literal('swept') })

/** Starts the sweeper with what the CronJob sends, as whom the Broker takes it from. */
export async function sweeperStarter(kubeconfig: string, install: ClusterInstall): Promise<ColdStarter> {
  const { kubectl, functions, namespaces, cluster } = install
  const inSystem = ['-n', namespaces.system]
  const headers = { authorization: `Bearer ${await senderToken(kubectl, 'tick')}` }
  const api = await openApi(kubeconfig)
  const { host, port, path } = (await dialBrokers(api))(`http://broker-ingress/${namespaces.system}/tka`)
  const broker = { url: new URL(path, `http://${host}:${port}`) }
  return {
    start: async () => {
      await functions.atZero(name)
      const known = new Set((await kubectl('get', 'pods', ...inSystem, '-o', 'name')).trim().split('\n'))
      const tick = tickMessage(cluster, Date.now())
      const sent = Date.now()
      const [{ pod, scheduled }, answered] = await Promise.all([
        firstScheduled(api, namespaces.system, known),
        postMessage(broker, tick, { headers, signal: AbortSignal.timeout(timeoutMs) }).then(() => Date.now()),
      ])
      const log = await kubectl('logs', pod, ...inSystem, '-c', name)
      const { time: listening, processAgeMs } = findLine(log, Listening)
      // An event that it refuses is answered too.
      findLine(log, Swept)
      return partsOf({ sent, scheduled, listening, processAgeMs, answered })
    },
    [Symbol.dispose]: () => api[Symbol.dispose](),
  }
}

/** What lies between the moments. Throws when they are not in their order, and so not those of one start. */
export function partsOf({ sent, scheduled, listening, processAgeMs, answered }: Moments): ColdStart {
  const parts = {
    schedule: scheduled - sent,
    container: listening - processAgeMs - scheduled,
    node: processAgeMs,
    answer: answered - listening,
  }
  for (const [part, ms] of Object.entries(parts)) if (ms < 0) throw new RangeError(`${part} took ${ms} ms`)
  return { ...parts, total: answered - sent }
}

/** The first pod of the function that was not known, and when it was seen to have a node. */
async function firstScheduled(
  api: Api,
  namespace: string,
  known: ReadonlySet<string>,
): Promise<{ readonly pod: string; readonly scheduled: number }> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const query = { labelSelector: `serving.knative.dev/service=${name}` }
  for await (const change of api.watch(path, query, AbortSignal.timeout(timeoutMs))) {
    const { metadata, spec } = v.parse(Change, change).object
    const pod = `pod/${metadata.name}`
    if (spec.nodeName !== undefined && !known.has(pod)) return { pod, scheduled: Date.now() }
  }
  throw new Error('no pod was scheduled')
}

/** What the function wrote that has this form. */
function findLine<Line>(log: string, form: v.GenericSchema<unknown, Line>): Line {
  for (const line of log.split('\n')) {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), form), line)
    if (parsed.success) return parsed.output
  }
  throw new Error(`${name} did not write what was looked for: ${log}`)
}
