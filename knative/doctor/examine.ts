import * as v from 'valibot'
import { ConfigInvalid, parseConfig } from '#core/config'
import type { Api } from '../kube/api.ts'
import { mergeFiles } from '../render/merge-files.ts'
import { render } from '../render/render.ts'
import { findComponents } from './find-components.ts'
import type { Examined } from './finding.ts'
import { readPath } from './read.ts'

const ConfigMap = v.object({ data: v.record(v.string(), v.string()) })
const Policy = v.object({
  spec: v.object({ variables: v.array(v.object({ name: v.string(), expression: v.string() })) }),
})
const Literal = v.pipe(v.string(), v.parseJson(), v.array(v.string()))

/** Which install to look at, and what builds its components: kubectl, as it is found in `PATH`. */
export interface ExamineOptions {
  readonly install: string
  readonly system: string
  readonly kubectl?: string
}

/** Reads an install's configuration as its functions do. Throws ConfigInvalid, and an error where there is no such install. */
export async function examine(api: Api, { install, system, kubectl = 'kubectl' }: ExamineOptions): Promise<Examined> {
  const map = await readPath(api, `/api/v1/namespaces/${system}/configmaps/${install}-config`)
  if (map === undefined) throw new Error(`there is no ConfigMap ${install}-config in namespace ${system}`)
  const merged = mergeFiles(v.parse(ConfigMap, map).data)
  const config = parseConfig(merged)
  const settings = v.safeParse(v.record(v.string(), v.unknown()), merged)
  if (!settings.success) throw new ConfigInvalid('the configuration must be a mapping')
  // Who may write in the sessions namespace, and the API server's audiences, are the cluster's own: no file here says them.
  const adminGroups = await literal(api, `${install}-guard-others-sessions`, 'adminGroups')
  const adminUsers = await literal(api, `${install}-guard-others-sessions`, 'adminUsers')
  const audiences = await literal(api, `${install}-guard-provisioner-sessions`, 'audiences')
  const components = await findComponents(api, config)
  const { manifests } = await render({
    config: settings.output,
    components,
    kubectl,
    ...(adminGroups && { adminGroups }),
    ...(adminUsers && { adminUsers }),
    ...(audiences && { audiences }),
  })
  return { api, config, components, expected: manifests, audiences, now: Date.now }
}

async function literal(api: Api, policy: string, variable: string): Promise<readonly string[] | undefined> {
  const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${policy}`
  const live = v.safeParse(Policy, await readPath(api, path))
  if (!live.success) return undefined
  const found = live.output.spec.variables.find(({ name }) => name === variable)
  const list = v.safeParse(Literal, found?.expression)
  return list.success ? list.output : undefined
}
