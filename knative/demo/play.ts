import { readFile } from 'node:fs/promises'
import { eventsTable, plaintextIn } from './events-table.ts'
import type { Scenery } from './scenery.ts'
import { shortSeconds } from './scenery.ts'
import { badge, expiry, logout, refusals } from './scenes.ts'
import { expect, type Stage } from './stage.ts'
import { switchTimersOff } from './timers.ts'

/** Plays a badge from login to expiry; rejects at the first step that does not go as told. */
export async function play(stage: Stage, { install, alice, bob, robot, carol }: Scenery): Promise<void> {
  await using tap = await install.subscribe()
  const kubeconfig = await badge(stage, install, alice)
  await refusals(stage, install, bob, robot)
  await logout(stage, install, alice, kubeconfig)
  await expiry(stage, carol, {
    title: '4. carol has a short session, and nobody asks for its end',
    how: 'layer 1: the provisioner ends it at its second',
    seconds: shortSeconds,
    waitSeconds: 2,
  })
  await switchTimersOff(install)
  await expiry(stage, carol, {
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
}
