/** Does the same again and again until it is to end; resolves to what each time gave. */
export function workOn<T>(once: () => Promise<T>) {
  const results: T[] = []
  let ended = false
  const worked = (async () => {
    while (!ended) results.push(await once())
  })()
  // Whoever ends it hears of a failure.
  worked.catch(() => undefined)
  const end = async () => {
    ended = true
    await worked
    return results
  }
  return { end, [Symbol.asyncDispose]: async () => void (await end()) }
}
