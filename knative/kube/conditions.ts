import * as v from 'valibot'

/** The conditions that a Knative object says of itself; none while nobody has looked at it. */
export const Status = v.object({
  status: v.optional(
    v.object({
      conditions: v.optional(
        v.array(
          v.object({
            type: v.string(),
            status: v.string(),
            message: v.optional(v.string()),
            reason: v.optional(v.string()),
          }),
        ),
        [],
      ),
    }),
    {},
  ),
})
