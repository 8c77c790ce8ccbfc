/**
 * Escapes what is not ASCII in JavaScript that esbuild wrote: it does so itself, except in regular expressions and comments.
 * A single such character, and V8 keeps the whole file at two bytes a character, for as long as the process lives.
 */
export function asciiOnly(javascript: string): string {
  return javascript.replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
