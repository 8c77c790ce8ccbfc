import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { StateStore } from '../src/index.ts'
import { startTestnet } from '../src/testing/index.ts'
import { startSecureNode } from './secure-node.ts'
import { rejection, startNode } from './support.ts'

suite('the tailnet’s certificates', () => {
  test('are given to a program that ends TLS itself, with their keys', async () => {
    await using net = await startTestnet()
    await using secure = await startSecureNode(net, 'secure')
    const { node, name } = secure
    assert.deepEqual((await node.status()).certDomains, [name])
    const { cert, key } = await node.certPair(name)
    assert.equal(cert, secure.cert)
    assert.ok(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    for (const domain of ['other.tail-scale.ts.net', 'example.com', '', '../secrets']) {
      const error = await rejection(node.certPair(domain))
      assert.equal(error.code, 'ERR_TSNET_CERT', `${domain}: ${error}`)
    }
    const aborted = await rejection(node.certPair(name, { signal: AbortSignal.abort() }))
    assert.equal(aborted.name, 'AbortError')
  })

  test('are kept where the owner keeps the rest of the state, so that a restart orders none anew', async () => {
    await using net = await startTestnet()
    const name = 'stored.tail-scale.ts.net'
    const { cert, key, authority } = await net.certificate(name)
    const values = new Map([
      [`${name}.crt`, Buffer.from(cert)],
      [`${name}.key`, Buffer.from(key)],
    ])
    const stateStore: StateStore = {
      read: async at => values.get(at),
      write: async (at, value) => void values.set(at, Buffer.from(value)),
    }
    const dir = await mkdtemp(join(tmpdir(), 'authority-'))
    try {
      await writeFile(join(dir, 'ca.pem'), authority)
      const env = { ...net.env, SSL_CERT_FILE: join(dir, 'ca.pem') }
      await using node = await startNode(net, { hostname: 'stored', stateStore, env })
      assert.equal((await node.certPair(name)).cert, cert)
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  test('are not to be had where HTTPS is off: listening says so, and plain HTTP goes on', async () => {
    await using net = await startTestnet({ https: false })
    await using node = await startNode(net, { hostname: 'plain' })
    assert.deepEqual((await node.status()).certDomains, [])
    const error = await rejection(node.listen({ port: 443, tls: true }))
    assert.equal(error.code, 'ERR_TSNET_CERT')
    assert.match(error.message, /HTTPS/)
    await node.listen({ port: 443 }) // nothing is left of the first
    assert.equal((await rejection(node.certPair('plain.tail-scale.ts.net'))).code, 'ERR_TSNET_CERT')
  })
})
