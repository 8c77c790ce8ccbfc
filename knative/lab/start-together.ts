/**
 * Waits for parts that start at the same time and puts each into `stack`, also when another one fails, so that nothing
 * that came up is forgotten; rejects with the first failure.
 */
export async function startTogether<const Starts extends readonly Promise<Disposable | AsyncDisposable>[]>(
  stack: AsyncDisposableStack,
  starts: Starts,
): Promise<{ readonly [I in keyof Starts]: Awaited<Starts[I]> }> {
  for (const outcome of await Promise.allSettled(starts)) {
    if (outcome.status === 'fulfilled') stack.use(outcome.value)
  }
  return Promise.all(starts)
}
