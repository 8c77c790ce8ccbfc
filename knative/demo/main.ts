// `make demo`: a person on a real tailnet gets a Kubernetes badge through a real Knative broker and loses it again.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { startLab } from '../lab/index.ts'
import { installTka } from '../lab/install.ts'
import { joinPerson } from '../lab/person.ts'
import { funnelHelperEnv } from '../lab/through-funnel.ts'
import { eventsTable, plaintextIn } from './events-table.ts'
import { badge, expiry, logout, refusals } from './scenes.ts'
import { createStage, expect } from './stage.ts'
import { switchTimersOff } from './timers.ts'

const help = `Usage: node knative/demo/main.ts [--keep]

Starts Kubernetes, Knative Eventing, a tailnet and TKA on this machine and plays a login from beginning to end.

  --keep   leave everything running afterwards and print how to reach it (make down ends it)
  --help   this text
`

/** How long a session of carol's lasts: the demo lowers the configured minimum for it. */
const shortSeconds = 5

async function play(): Promise<void> {
  const stage = createStage(text => void process.stdout.write(text))
  const progress = (line: string): void => void process.stdout.write(`  ${line}\n`)
  const started = performance.now()
  stage.scene('The lab: Kubernetes, Knative Eventing and a tailnet on this machine')
  await using lab = await startLab({ progress })
  await using install = await installTka(lab, {
    install: 'tka',
    roles: [{ name: 'view', scope: 'cluster', maxPeriod: '8h' }],
    config: { cluster: 'demo', homeDomain: 'example.com', period: { minimum: '1s', maximum: '8h' } },
    imageEnv: await funnelHelperEnv(),
    progress,
  })
  await using tap = await install.subscribe()
  const join = (name: string, rules: readonly unknown[], tags?: readonly string[]) =>
    joinPerson(lab, install, {
      hostname: `${name}-laptop`,
      rules,
      ...(tags ? { tags } : { login: `${name}@example.com` }),
    })
  await using alice = await join('alice', [{ role: 'view', period: '8h' }])
  await using bob = await join('bob', [])
  await using robot = await join('robot', [{ role: 'view', period: '8h' }], ['tag:ci'])
  await using carol = await join('carol', [{ role: 'view', period: `${shortSeconds}s` }])
  progress(`up in ${((performance.now() - started) / 1000).toFixed(1)} s`)

  const scenery = { stage, install, tap }
  const kubeconfig = await badge(scenery, alice)
  await refusals(scenery, bob, robot)
  await logout(scenery, alice, kubeconfig)
  await expiry(scenery, carol, {
    title: '4. carol has a short session, and nobody asks for its end',
    how: 'layer 1: the provisioner ends it at its second',
    seconds: shortSeconds,
    waitSeconds: 2,
  })
  await switchTimersOff(install)
  await expiry(scenery, carol, {
    title: '   the same with the provisioner’s timers switched off',
    how: 'layer 2: the CronJob’s tick, the SinkBinding and the sweeper end it within a minute or so',
    seconds: shortSeconds,
    waitSeconds: 90,
  })
  stage.scene('5. What went through the broker, as a subscriber without a filter sees it')
  stage.show(eventsTable(tap.events))
  await stage.step('look for her credential in every byte of it', async () => {
    const [, token = ''] = /token: (\S+)/.exec(await readFile(kubeconfig, 'utf8')) ?? []
    expect(token.length > 100, 'the kubeconfig holds no token')
    const found = plaintextIn(tap.events, [token])
    expect(found.length === 0, `in plain text in ${found.join(', ')}`)
    return `${tap.events.length} events, no plaintext credential`
  })
  stage.scene(`Everything worked: ${stage.steps} steps in ${((performance.now() - started) / 1000).toFixed(0)} s`)
}

const { values } = parseArgs({ options: { keep: { type: 'boolean' }, help: { type: 'boolean' } } })
if (values.help) {
  process.stdout.write(help)
} else {
  await play().catch((error: unknown) => {
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
