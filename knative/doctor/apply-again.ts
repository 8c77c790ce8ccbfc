/** What brings an install to what this version ships, however it was applied: an overlay has to be completed each time. */
export const applyAgain = 'apply this version again (an overlay: after `make overlay DIR=<its folder>`)'
