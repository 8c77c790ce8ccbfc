import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
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
