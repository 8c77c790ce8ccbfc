import { type EventOf, EventRefused, type EventType, type HttpMessage, type VerifyOptions, verify } from '#events'
import type { PublicKeys } from './load-keys.ts'

/** Verifies with the keys as mounted. A key id that nobody knows makes it look at the files once more, since keys are rotated. */
export async function verifyEvent<T extends EventType>(
  message: HttpMessage,
  { publicKeys, ...options }: Omit<VerifyOptions<T>, 'keys'> & { readonly publicKeys: PublicKeys },
): Promise<EventOf<T>> {
  try {
    return await verify(message, { ...options, keys: await publicKeys.current() })
  } catch (error) {
    if (!(error instanceof EventRefused && error.reason === 'key-unknown')) throw error
    return await verify(message, { ...options, keys: await publicKeys.reread() })
  }
}
