import { styleText } from 'node:util'

/** Tells a demo step by step: one line for what happened and how long it took. */
export interface Stage {
  /** A heading. */
  scene(title: string): void
  /** Runs one step; its own words for what happened end the line. A step that throws fails the demo. */
  step(title: string, run: () => Promise<string>): Promise<void>
  /** Prints lines as they are, indented. */
  show(text: string): void
  readonly steps: number
}

/** Prints to a terminal, or to a pipe without colours; no step begins once `signal` has aborted. */
export function createStage(write: (text: string) => void, signal: AbortSignal): Stage {
  let steps = 0
  return {
    scene: title => write(`\n${styleText('bold', title)}\n`),
    step: async (title, run) => {
      signal.throwIfAborted()
      const started = performance.now()
      const said = await run().catch((error: unknown) => {
        write(`  ${styleText('red', '✗')} ${title}\n`)
        throw error
      })
      steps += 1
      const took = `${(performance.now() - started).toFixed(0)} ms`
      write(`  ${styleText('green', '✓')} ${title} ${styleText('dim', '→')} ${said} ${styleText('dim', `(${took})`)}\n`)
    },
    show: text => write(`${text.trimEnd().replaceAll(/^/gm, '      ')}\n`),
    get steps() {
      return steps
    },
  }
}

/** Fails the step that is running, in a person's words. */
export function expect(fact: boolean, otherwise: string): asserts fact {
  if (!fact) throw new Error(otherwise)
}
