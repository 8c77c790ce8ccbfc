/** Why a case that takes minutes, or shows what changes seldom, is left out: `QUICK=1`, as in continuous integration. */
export const skipLong: string | false = Boolean(process.env.QUICK) && 'QUICK=1'
