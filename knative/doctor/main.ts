// Looks at an install in the cluster of kubectl's current context: node knative/doctor/main.ts [--install tka] [--namespace tka-system]
import { parseArgs } from 'node:util'
import { openApi } from '../kube/api.ts'
import { diagnose } from './diagnose.ts'
import { examine } from './examine.ts'

const usage = `usage: node knative/doctor/main.ts [--kubeconfig file] [--install tka] [--namespace tka-system]

Says whether rights and policies are as shipped, whether the guard refuses what it must (by dry run), whether keys are in step, Knative's
objects Ready, schedules running, the applied configuration in force, clocks in agreement and tokens bounded, and what to do about each finding. Changes
nothing. Needs an administrator's rights.
Exit code 1 when something fails, 2 when there is no install to look at.`

const signs = { fine: '✓', warning: '!', failure: '✗' } as const

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    install: { type: 'string', default: 'tka' },
    namespace: { type: 'string', default: 'tka-system' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help === true) console.log(usage)
else {
  try {
    using api = await openApi(values.kubeconfig)
    const examined = await examine(api, { install: values.install, system: values.namespace })
    const found = await diagnose(examined)
    const { components } = examined
    console.log(`install ${values.install}, components: ${components.length === 0 ? 'none' : components.join(', ')}`)
    for (const { check, finding } of found) {
      console.log(`${signs[finding.severity]} ${check}: ${finding.says}`)
      if (finding.todo !== undefined) console.log(`    → ${finding.todo}`)
    }
    const count = (severity: string) => found.filter(({ finding }) => finding.severity === severity).length
    const [failures, warnings] = [count('failure'), count('warning')]
    console.log(failures + warnings === 0 ? 'nothing to do' : `failures: ${failures}, warnings: ${warnings}`)
    process.exitCode = failures > 0 ? 1 : 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 2
  }
}
