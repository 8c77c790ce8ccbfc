/** The most that the `data` of an event may take. */
export const largestDataBytes = 16_384

/** The most that a request's body may take before anybody looks at it. */
export const largestBodyBytes = 65_536

/** The most that a request's headers may take, names included. */
export const largestHeaderBytes = 16_384
