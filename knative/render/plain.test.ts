import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { parseAllDocuments } from 'yaml'
import { functionNames } from '#events/functions'
import { plainFunctions } from './plain-functions.ts'

const Toleration = v.object({
  key: v.string(),
  effect: v.literal('NoExecute'),
  tolerationSeconds: v.pipe(v.number(), v.maxValue(30)),
})
const Deployment = v.object({
  kind: v.literal('Deployment'),
  spec: v.object({ template: v.object({ spec: v.object({ tolerations: v.array(Toleration) }) }) }),
})

describe('the component without Serving', () => {
  it('runs the functions of the base', async () => {
    const file = new URL('../components/plain/functions.yaml', import.meta.url)
    assert.equal(await readFile(file, 'utf8'), await plainFunctions(), 'run node knative/plain.ts')
  })

  it('leaves a node that has died soon, with all of them', async () => {
    const deployments = parseAllDocuments(await plainFunctions())
      .map(document => v.safeParse(Deployment, document.toJS()))
      .filter(({ success }) => success)
    assert.equal(deployments.length, functionNames.length)
    for (const { output } of deployments) {
      const { tolerations } = v.parse(Deployment, output).spec.template.spec
      assert.deepEqual(
        tolerations.map(({ key }) => key),
        ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
      )
    }
  })
})
