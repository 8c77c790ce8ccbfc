import { parseArgs } from 'node:util'

/** A command of a command line: ends early at the signal, and may take one operand. */
export type Command = (signal: AbortSignal, operand: string | undefined) => Promise<void>

/**
 * Runs the command that this process was started with, until SIGINT or SIGTERM stops it. What goes wrong is printed and
 * is the exit code: 1, or 2 when there is no such command.
 */
export async function runCommand(usage: string, commands: Readonly<Record<string, Command>>): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  })
  const [name = '', operand, ...rest] = positionals
  const command = rest.length === 0 ? commands[name] : undefined
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)))

  if (values.help) console.log(usage)
  else if (command === undefined) {
    process.stderr.write(usage)
    process.exitCode = 2
  } else {
    try {
      await command(stopped.signal, operand)
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
      process.exitCode = 1
    }
  }
}
