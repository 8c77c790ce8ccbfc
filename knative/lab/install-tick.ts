import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import type { Api } from '../kube/api.ts'
import { waitUntil } from './wait-until.ts'

const CronJob = v.object({
  spec: v.object({
    jobTemplate: v.object({ metadata: v.object({ labels: v.record(v.string(), v.string()) }), spec: v.unknown() }),
  }),
})

const Job = v.object({
  status: v.optional(v.object({ succeeded: v.optional(v.number(), 0), failed: v.optional(v.number(), 0) }), {}),
})

/**
 * Makes a Job of the CronJob `tick` as the CronJob controller would, now, and waits until it has succeeded. Rejects with what the
 * Job of that name has written when it fails.
 */
export async function runTick(
  api: Api,
  namespace: string,
  logs: (job: string) => Promise<readonly string[]>,
): Promise<void> {
  const batch = `/apis/batch/v1/namespaces/${namespace}`
  const { jobTemplate } = v.parse(CronJob, await api.call('GET', `${batch}/cronjobs/tick`)).spec
  const name = `tick-now-${randomUUID().slice(0, 8)}`
  await api.call('POST', `${batch}/jobs`, {
    body: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, labels: jobTemplate.metadata.labels },
      spec: jobTemplate.spec,
    },
  })
  let failures = 0
  await waitUntil(`Job ${name}`, async signal => {
    const { succeeded, failed } = v.parse(Job, await api.call('GET', `${batch}/jobs/${name}`, { signal })).status
    failures = failed
    return succeeded + failed > 0 || 'still running'
  })
  if (failures === 0) return
  throw new Error(`Job ${name} failed:\n${(await logs(name)).join('\n')}`)
}
