import { runProgram } from '../lab/run-program.ts'

/** How to run a command. */
interface CommandOptions {
  /** Its standard input. */
  readonly input?: string
  /** 30 s by default. */
  readonly timeoutMs?: number
}

/** Runs a program to its end and resolves to what it printed; rejects, with its words, unless it ended well. */
export async function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(file, args, options)
  if (code === 0) return stdout
  throw new Error(`${file} ${args.join(' ')}: ${code === null ? 'killed' : `exit code ${code}`} ${stderr.trim()}`)
}
