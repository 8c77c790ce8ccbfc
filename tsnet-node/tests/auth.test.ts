import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { startLaptop, startTestnet } from '../src/testing/index.ts'
import { eventually, makeNode, rejection, startNode } from './support.ts'

const signal = () => AbortSignal.timeout(10_000)

suite('logging in', () => {
  test('with a key that is refused is an error with a code, in seconds, without the key', async () => {
    await using net = await startTestnet({ authKey: 'tskey-right' })
    await using node = makeNode(net, { hostname: 'badly', authKey: 'tskey-wrong' })
    const began = performance.now()
    const error = await rejection(node.up({ signal: signal() }))
    assert.equal(error.code, 'ERR_TSNET_AUTH')
    assert.match(error.message, /invalid authkey/)
    assert.doesNotMatch(error.message, /tskey/)
    assert.ok(performance.now() - began < 5_000)
    assert.equal(node.helperPid, undefined)
  })

  test('with the right key works, and the key is neither in argv nor in the environment', async () => {
    await using net = await startTestnet({ authKey: 'tskey-right' })
    await using node = await startNode(net, { hostname: 'well', authKey: 'tskey-right' })
    for (const file of ['cmdline', 'environ']) {
      assert.doesNotMatch(await readFile(`/proc/${node.helperPid}/${file}`, 'utf8'), /tskey/)
    }
    await using laptop = await startLaptop({ hostname: 'l', controlUrl: net.controlUrl, authKey: 'tskey-right' })
    assert.equal((await node.whoIs(laptop.ips[0] ?? '')).user?.login, 'l@example.com')
  })

  test('does not inherit this program’s environment', async () => {
    await using net = await startTestnet()
    process.env.TSNET_NODE_TEST_SECRET = 'do-not-inherit'
    try {
      await using node = await startNode(net, { hostname: 'clean' })
      const environment = await readFile(`/proc/${node.helperPid}/environ`, 'utf8')
      assert.doesNotMatch(environment, /do-not-inherit/)
      assert.match(environment, /TS_NO_LOGS_NO_SUPPORT=1/) // given as an option
    } finally {
      delete process.env.TSNET_NODE_TEST_SECRET
    }
  })

  test('without a key or a person is an error with a code, in seconds', async () => {
    await using net = await startTestnet({ requireLogin: true })
    await using node = makeNode(net, { hostname: 'alone' })
    assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_NEEDS_LOGIN')
  })

  test('by a person waits for the URL to be opened', async () => {
    await using net = await startTestnet({ requireLogin: true })
    await using node = makeNode(net, { hostname: 'by-hand', interactive: true })
    const asked = once(node, 'authUrl', { signal: signal() })
    const up = node.up({ signal: signal() })
    const [url] = await asked
    assert.match(url, /\/auth\//)
    await net.completeLogin(url)
    assert.equal((await up).state, 'Running')
  })

  test('runs out when the key expires, which the node tells', async () => {
    await using net = await startTestnet()
    await using node = await startNode(net, { hostname: 'expiring' })
    const states: string[] = []
    node.on('state', state => states.push(state))
    await net.expireNode('expiring')
    await eventually(() => states.includes('NeedsLogin'), { withinMs: 5_000, what: 'NeedsLogin' })
  })

  test('needs a helper that is there and runs', async () => {
    await using net = await startTestnet()
    for (const helperPath of ['/nowhere/tsnet-helper', '/etc/passwd']) {
      await using node = makeNode(net, { hostname: 'helpless', helperPath })
      assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_HELPER_MISSING')
    }
    await using node = makeNode(net, { hostname: 'helpless', helperPath: '/bin/false' })
    assert.equal((await rejection(node.up({ signal: signal() }))).code, 'ERR_TSNET_HELPER_EXITED')
  })
})
