import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FunctionName, type GeneratedKeys, generateKeys } from '#events'

/** A directory with everything that a manifest mounts for a function, and the environment that names it. */
export interface FunctionMounts extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  readonly keys: GeneratedKeys
}

const config = `
cluster: lab
homeDomain: example.com
roles: [{ name: view, scope: cluster, maxPeriod: 8h }]
apiServer: { url: 'https://api.example.com' }
`

/** Mounts configuration, keys and a ServiceAccount (whose API server does not answer) for a process under test. */
export async function mountFunction(owner: FunctionName): Promise<FunctionMounts> {
  const now = Date.now()
  const keys = await generateKeys({ notBefore: now, notAfter: now + 86_400_000 })
  const root = await mkdtemp(join(tmpdir(), 'tka-mounts-'))
  const files = {
    'config/config.yaml': config,
    'public/jwks.json': JSON.stringify(keys.public),
    'private/key.jwk.json': JSON.stringify(keys.private.find(jwk => jwk.function === owner)),
    'account/token': 'token',
    'account/ca.crt': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    'account/namespace': 'tka-system',
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return {
    keys,
    env: {
      PORT: '0',
      TKA_CONFIG_DIR: join(root, 'config'),
      TKA_PUBLIC_KEYS_DIR: join(root, 'public'),
      TKA_SIGNING_KEY_DIR: join(root, 'private'),
      TKA_SERVICE_ACCOUNT_DIR: join(root, 'account'),
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      // Nobody listens on the discard port.
      KUBERNETES_SERVICE_PORT: '9',
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
}
