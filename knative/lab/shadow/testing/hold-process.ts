// Starts a process as the shadow does, prints its id and waits: hold-process.ts <with-parent>
import { setTimeout as delay } from 'node:timers/promises'
import { runContainer } from '../run-container.ts'

const [, , withParent = ''] = process.argv
const command = { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], env: {} }
const { pid } = await runContainer(command, withParent, () => undefined)
console.log(pid)
await delay(60_000)
