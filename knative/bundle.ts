// Bundles each function (a folder under functions/ with a main.ts) into one ES module, dist/<function>.js.
import { fileURLToPath } from 'node:url'
import { bundleFunctions } from './bundle/bundle-functions.ts'

const { sizes } = await bundleFunctions(fileURLToPath(new URL('../dist', import.meta.url)))
for (const [name, bytes] of sizes) {
  console.log(`dist/${name}.js  ${(bytes / 1024).toFixed(0)} KiB`)
}
