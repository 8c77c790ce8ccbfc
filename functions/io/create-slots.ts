/** Runs a task when one of so many slots is free; whoever waits comes in turn. Resolves and rejects as the task does. */
export type Slots = <T>(task: () => Promise<T>) => Promise<T>

/** Makes that many slots. */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = []
  let free = count

  return async task => {
    if (free > 0) free -= 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}
