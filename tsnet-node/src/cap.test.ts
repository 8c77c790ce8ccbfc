import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { cap, type StandardSchema } from './index.ts'

const name = 'example.com/cap/door'

interface Door {
  readonly open: boolean
  readonly hours?: readonly { readonly from: number }[] | undefined
}

const schemas: Readonly<Record<string, StandardSchema<Door>>> = {
  valibot: v.object({ open: v.boolean(), hours: v.optional(v.array(v.object({ from: v.number() }))) }),
  zod: z.object({ open: z.boolean(), hours: z.array(z.object({ from: z.number() })).optional() }),
  arktype: type({ open: 'boolean', 'hours?': type({ from: 'number' }).array() }),
}

const granted = (...values: unknown[]) => ({ capMap: { [name]: values } })

for (const [library, schema] of Object.entries(schemas)) {
  suite(`capabilities checked by ${library}`, () => {
    test('are a typed list of what every grant says', () => {
      const doors: readonly Door[] = cap(granted({ open: true }, { open: false, hours: [{ from: 8 }] }), name, schema)
      assert.deepEqual(doors, [{ open: true }, { open: false, hours: [{ from: 8 }] }])
    })

    test('are an empty list when nothing is granted', () => {
      assert.deepEqual(cap({ capMap: {} }, name, schema), [])
    })

    test('are refused whole when one value does not fit, and the error says which and where', () => {
      const identity = granted({ open: true }, { open: true, hours: [{ from: 8 }, { from: 'nine' }] })
      assert.throws(() => cap(identity, name, schema), {
        name: 'TailscaleError',
        code: 'ERR_TSNET_CAPABILITY',
        message: /^example\.com\/cap\/door\[1\]\.hours\[1\]\.from: .+/,
      })
    })
  })
}

suite('capabilities', () => {
  test('are what the schema makes of them', () => {
    const Hours = v.pipe(
      v.string(),
      v.transform(text => text.split('-').map(Number)),
    )
    const hours: readonly number[][] = cap(granted('8-12', '13-17'), name, Hours)
    assert.deepEqual(hours, [
      [8, 12],
      [13, 17],
    ])
  })

  test('with a value of the wrong kind altogether are named by their index', () => {
    assert.throws(() => cap(granted('open'), name, schemas.valibot as StandardSchema), {
      message: /^example\.com\/cap\/door\[0\]: /,
    })
  })

  test('are not found on the prototype of the map', () => {
    assert.deepEqual(cap({ capMap: {} }, 'constructor', v.unknown()), [])
  })

  test('want a synchronous schema', () => {
    const schema = v.pipeAsync(
      v.unknown(),
      v.checkAsync(async () => false),
    )
    assert.throws(() => cap(granted(1), name, schema), { code: 'ERR_TSNET_OPTIONS', message: /asynchronous/ })
  })
})
