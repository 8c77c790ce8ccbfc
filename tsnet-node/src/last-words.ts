/** So much is kept of a text whose end nobody knows. */
const mostChars = 4_096

/** With this a Go program begins to tell why it crashes; all its goroutines follow. */
const crash = /^(?:panic|fatal error|SIG[A-Z]+): .*(?=\n)/m

/** Keeps of a program's standard error why it ended. */
export class LastWords {
  #text = ''
  #crash: string | undefined

  /** Takes more of it, in pieces as they come. */
  take(text: string): void {
    this.#text += text
    this.#crash ??= crash.exec(this.#text)?.[0]
    this.#text = this.#text.slice(-mostChars)
  }

  /** The line that names a crash, else the last one; `undefined` where nothing was said. */
  get reason(): string | undefined {
    return this.#crash ?? (this.#text.trim().split('\n').at(-1) || undefined)
  }
}
