/** True when a `Prefer` header asks to be answered before the work is done (RFC 7240, 4.1). */
export function prefersAsync(prefer: string | undefined): boolean {
  return (prefer ?? '').split(',').some(preference => /^respond-async\s*(;|$)/i.test(preference.trim()))
}
