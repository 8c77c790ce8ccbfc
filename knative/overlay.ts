// Writes what follows from an overlay's values: node knative/overlay.ts knative/overlays/tailscale
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { overlayRoles } from './render/overlay-roles.ts'

const [overlay, ...more] = process.argv.slice(2)
if (overlay === undefined || more.length > 0) {
  process.stderr.write('usage: node knative/overlay.ts <folder with values.yaml and guard.yaml>\n')
  process.exitCode = 2
} else {
  try {
    const text = await overlayRoles(overlay)
    await mkdir(join(overlay, 'roles'), { recursive: true })
    const file = join(overlay, 'roles', 'kustomization.yaml')
    await writeFile(file, text)
    console.log(file)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
