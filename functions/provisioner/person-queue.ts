/** Runs the tasks about one person one after the other, in the order they came; tasks about different people side by side. */
export interface PersonQueue {
  run<T>(person: string, task: () => Promise<T>): Promise<T>
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>
}

export function createPersonQueue(): PersonQueue {
  const last = new Map<string, Promise<unknown>>()

  function run<T>(person: string, task: () => Promise<T>): Promise<T> {
    const before = last.get(person) ?? Promise.resolve()
    const result = before.then(task, task)
    const settled = result.then(ignore, ignore).then(() => {
      if (last.get(person) === settled) last.delete(person)
    })
    last.set(person, settled)
    return result
  }

  async function idle(): Promise<void> {
    while (last.size > 0) await Promise.all(last.values())
  }

  return { run, idle }
}

function ignore(): void {}
