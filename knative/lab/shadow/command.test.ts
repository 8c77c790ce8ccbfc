import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commandOf } from './command.ts'

const imageAndNode = {
  node: '/opt/node',
  imageFile: (path: string) => (path.startsWith('/app/') ? `/bundle/${path.slice(5)}` : undefined),
  imageEnv: { HELPER: '/opt/helper', SHARED: 'image' },
  nodeEnv: { PORT: '8081', SHARED: 'node' },
  tmp: '/private/tmp',
}
const container = {
  name: 'login',
  image: 'tka',
  command: ['node', '/app/login.js'],
  args: [],
  env: [],
  volumeMounts: [],
  readinessProbe: undefined,
}
const env = (name: string, value: string) => ({ name, value })

describe('commandOf', () => {
  it('runs the image’s program with this machine’s Node', () => {
    const { file, args } = commandOf(container, new Map(), imageAndNode)
    assert.equal(file, '/opt/node')
    assert.deepEqual(args, ['/bundle/login.js'])
  })

  it('lets the manifest win over the node, and the node over the image', () => {
    const command = commandOf({ ...container, env: [env('PORT', '1')] }, new Map(), imageAndNode)
    assert.deepEqual(command.env, { HELPER: '/opt/helper', SHARED: 'node', PORT: '1', TMPDIR: '/private/tmp' })
  })

  it('gives each process a metrics port of its own, since they have no pods of their own', () => {
    const command = commandOf({ ...container, env: [env('TKA_METRICS_PORT', '9464')] }, new Map(), imageAndNode)
    assert.equal(command.env.TKA_METRICS_PORT, '0')
  })

  it('puts real directories where the manifest names mounts, in values and arguments', () => {
    const mounts = new Map([
      ['/etc/tka', '/m/0'],
      ['/etc/tka/keys', '/m/1'],
    ])
    const command = commandOf(
      {
        ...container,
        args: ['/etc/tka/keys/key.jwk.json'],
        env: [env('A', '/etc/tka'), env('B', '/etc/tkax'), env('C', '/etc/tka/keys')],
      },
      mounts,
      imageAndNode,
    )
    assert.deepEqual(command.args, ['/bundle/login.js', '/m/1/key.jwk.json'])
    assert.equal(command.env.A, '/m/0')
    assert.equal(command.env.B, '/etc/tkax')
    assert.equal(command.env.C, '/m/1')
  })

  it('takes a mount at /tmp for the temporary directory', () => {
    assert.equal(commandOf(container, new Map([['/tmp', '/m/tmp']]), imageAndNode).env.TMPDIR, '/m/tmp')
  })

  it('refuses a container that leaves its command to the image', () => {
    assert.throws(
      () => commandOf({ ...container, command: [] }, new Map(), imageAndNode),
      /container login names no command/,
    )
  })
})
