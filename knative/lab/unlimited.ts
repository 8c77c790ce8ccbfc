/** `login.limits` of a test or a bench that asks as fast as it can: more than one machine's people reach. */
export const unlimited = {
  perPerson: { perSecond: 10_000, burst: 10_000 },
  total: { perSecond: 10_000, burst: 10_000 },
}
