// Says what to do when the Node.js that would run everything else is too old. Plain JavaScript, so that an old one can run it.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(`TKA needs Node.js 24.12 or newer to run TypeScript as it is; this is ${process.version}.`)
  console.error(
    'On linux-x64 and linux-arm64 npm brings it (optional dependencies "node", "node-arm64"): run npm ci without --omit=optional.',
  )
  console.error('Elsewhere install Node.js 24 LTS and put it first in PATH.')
  process.exit(1)
}
