// Makes the keys of one install: node knative/keys.ts --dir keys, then kubectl apply -k keys (see --help)
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { generateKeys } from '#events/keys/generate-keys'
import { writeKeys } from '#events/keys/write-keys'
import { keyKustomization } from './render/key-manifests.ts'

const usage = `usage: node knative/keys.ts [--dir keys] [--install tka] [--namespace tka-system] [--days 365]

Writes one private key for each function that signs, the public keys of all of them, and a kustomization that puts them where
the functions look for them. Never overwrites a key. For whoever keeps keys elsewhere: the install's own Job makes some where
there are none. Apply them as another manager, so that the next apply of the base leaves them alone:
kubectl apply --server-side --force-conflicts --field-manager=tka-keys -k <dir>`

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: 'keys' },
    install: { type: 'string', default: 'tka' },
    namespace: { type: 'string', default: 'tka-system' },
    days: { type: 'string', default: '365' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help === true) {
  console.log(usage)
} else {
  const days = Number(values.days)
  if (!Number.isInteger(days) || days < 1) throw new Error(`--days ${values.days}: expected a whole number of days`)
  const notBefore = Date.now()
  const keys = await generateKeys({ notBefore, notAfter: notBefore + days * 86_400_000 })
  const paths = await writeKeys(values.dir, keys)
  const kustomization = keyKustomization(keys, { install: values.install, system: values.namespace })
  await writeFile(join(values.dir, 'kustomization.yaml'), stringify(kustomization))
  for (const path of paths) console.log(path)
  console.log(
    `\nvalid for ${days} days; next: kubectl apply --server-side --force-conflicts --field-manager=tka-keys -k ${values.dir}`,
  )
}
