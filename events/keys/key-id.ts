import * as v from 'valibot'

/** Names a key pair; never used twice. */
export const KeyId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ -'))
