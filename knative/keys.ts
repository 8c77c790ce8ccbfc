// Makes the signing keys of an install: `node knative/keys.ts --help`.
import { parseArgs } from 'node:util'
import { generateKeys } from '#events'
import { writeKeys } from '#events/keys/write-keys'

const help = `Makes the keys with which the functions sign their events:
  <dir>/<function>.jwk.json  private Ed25519 JWK of each function, for the Secret that only it mounts (mode 0600)
  <dir>/jwks.json            public keys of all functions, for the ConfigMap that all of them mount

Usage: node knative/keys.ts [--dir keys] [--days 365]

  --dir   directory to write to; made when missing. Keys that are there are never overwritten.
  --days  how long the keys are good for, from now (1 to 3650)
  --help  this text`

try {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string', default: 'keys' },
      days: { type: 'string', default: '365' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(help)
  else for (const path of await makeKeys(values.dir, Number(values.days))) console.log(path)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function makeKeys(dir: string, days: number): Promise<readonly string[]> {
  if (!(Number.isInteger(days) && days >= 1 && days <= 3650))
    throw new Error('--days must be a whole number from 1 to 3650')
  const now = Date.now()
  return writeKeys(dir, await generateKeys({ notBefore: now, notAfter: now + days * 86_400_000 }))
}
