import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TailscaleNode } from '../src/index.ts'
import type { Testnet } from '../src/testing/index.ts'
import { startNode } from './support.ts'

/** A node that finds a certificate for its name where it would put one it had ordered, which it cannot offline. */
export interface SecureNode extends AsyncDisposable {
  readonly node: TailscaleNode
  readonly name: string
  /** Who signed the certificate, as PEM. */
  readonly authority: string
  /** The certificate, as PEM. */
  readonly cert: string
}

/** Starts such a node. */
export async function startSecureNode(net: Testnet, hostname: string): Promise<SecureNode> {
  const name = `${hostname}.tail-scale.ts.net`
  const { cert, key, authority } = await net.certificate(name)
  const dir = await mkdtemp(join(tmpdir(), 'secure-node-'))
  const certs = join(dir, 'state/certs')
  await mkdir(certs, { recursive: true })
  await writeFile(join(certs, `${name}.crt`), cert)
  await writeFile(join(certs, `${name}.key`), key)
  await writeFile(join(dir, 'authority.pem'), authority)
  const env = { ...net.env, SSL_CERT_FILE: join(dir, 'authority.pem') }
  const node = await startNode(net, { hostname, stateDir: join(dir, 'state'), env })
  return {
    node,
    name,
    authority,
    cert,
    async [Symbol.asyncDispose]() {
      await node.close()
      await rm(dir, { recursive: true })
    },
  }
}
