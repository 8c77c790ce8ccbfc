import assert from 'node:assert/strict'
import { it } from 'node:test'
import { installCommands, upgradeCommands } from './documented-commands.ts'

const programs = (commands: readonly string[]) => commands.map(command => command.split(' ', 2).join(' '))

it('the README installs by copying, completing, applying, and giving the key', async () => {
  assert.deepEqual(programs(await installCommands()), ['cp -r', 'make overlay', 'kubectl apply', 'kubectl create'])
})

it('docs/operate.md upgrades by getting the version, completing, looking, applying, and asking the doctor', async () => {
  assert.deepEqual(programs(await upgradeCommands()), [
    'git pull',
    'make overlay',
    'kubectl diff',
    'kubectl apply',
    'make doctor',
  ])
})
