import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readmeCommands } from './readme-commands.ts'

it('the README installs by copying, completing, applying, and giving the key', async () => {
  const programs = (await readmeCommands()).map(command => command.split(' ', 2).join(' '))
  assert.deepEqual(programs, ['cp -r', 'make overlay', 'kubectl apply', 'kubectl create'])
})
