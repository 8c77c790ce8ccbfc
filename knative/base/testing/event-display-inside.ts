// Runs in a network namespace of its own: starts a program that listens on port 8080, and lets a unix socket reach it.
// node event-display-inside.ts <program> <socket>; ends with its standard input.
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'

const [program = '', socket = ''] = process.argv.slice(2)
const child = spawn(program, { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('exit', code => process.exit(code ?? 1))
createServer(incoming => {
  const outgoing = connect(8080, '127.0.0.1')
  pipeline(incoming, outgoing, incoming, () => undefined)
}).listen(socket)
process.stdin.on('end', () => child.kill('SIGKILL')).resume()
