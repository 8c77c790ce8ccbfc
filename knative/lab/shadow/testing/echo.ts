// A function that says what it was given.
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

const { WORDS = '', SECRETS = '', SERVICE_ACCOUNT = '', PORT } = process.env

async function say(): Promise<unknown> {
  const [, payload = ''] = (await readFile(join(SERVICE_ACCOUNT, 'token'), 'utf8')).split('.')
  return {
    env: process.env,
    argv: process.argv,
    greeting: await readFile(join(WORDS, 'greeting'), 'utf8'),
    secrets: (await readdir(SECRETS)).filter(name => !name.startsWith('..')).sort(),
    user: JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')).sub,
  }
}

createServer((incoming, response) => {
  if (incoming.url === '/health/readiness') {
    response.end()
    return
  }
  say().then(
    said => response.end(JSON.stringify(said)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
}).listen(Number(PORT), '127.0.0.1')
