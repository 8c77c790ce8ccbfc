import * as v from 'valibot'
import { annotatedConfig, runsFunction } from '../../render/config-annotation.ts'
import { configHash } from '../../render/config-hash.ts'
import { applyAgain } from '../apply-again.ts'
import { type Check, failure, fine, warning } from '../finding.ts'
import { readLive, readPath } from '../read.ts'

const ConfigMap = v.object({ data: v.record(v.string(), v.string()) })

const todo = {
  differ: `${applyAgain}: whatever began with another configuration begins anew`,
  silent: `${applyAgain}; knative/base without an overlay says it only by: node knative/render.ts | kubectl apply -f -`,
}

/** The functions began with the configuration that is applied: each reads it once, when it starts. */
export const configuration: Check = {
  name: 'configuration',
  look: async ({ api, config, expected }) => {
    const { install, namespaces } = config
    const map = await readPath(api, `/api/v1/namespaces/${namespaces.system}/configmaps/${install}-config`)
    const applied = configHash(v.parse(ConfigMap, map).data)
    const running = await Promise.all(
      expected.filter(runsFunction).map(async manifest => {
        const live = await readLive(api, manifest)
        // One that is not there has no configuration either; that it is not is said elsewhere.
        return { name: manifest.metadata.name, began: live === undefined ? applied : annotatedConfig(live) }
      }),
    )
    const names = (which: (began: string | undefined) => boolean) =>
      running.flatMap(({ name, began }) => (which(began) ? [name] : [])).join(', ')
    const differ = names(began => began !== undefined && began !== applied)
    const silent = names(began => began === undefined)
    return differ + silent === ''
      ? fine('every function began with the configuration that is applied')
      : [
          ...(differ === ''
            ? []
            : [failure(`the configuration that is applied is not that of ${differ}`, todo.differ)]),
          ...(silent === ''
            ? []
            : [warning(`nothing says with which configuration these began: ${silent}`, todo.silent)]),
        ]
  },
}
