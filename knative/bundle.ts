// Bundles each function (a folder under functions/ with a main.ts) into one ES module, dist/<function>.js.
import { fileURLToPath } from 'node:url'
import { bundleFunctions } from './bundle/bundle-functions.ts'

for (const [name, bytes] of await bundleFunctions(fileURLToPath(new URL('../dist', import.meta.url)))) {
  console.log(`dist/${name}.js  ${(bytes / 1024).toFixed(0)} KiB`)
}
