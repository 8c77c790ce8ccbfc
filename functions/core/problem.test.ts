import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { isProblemCode, Problem, ProblemBody, type ProblemCode, problemBody, problems } from './problem.ts'

const codes = Object.keys(problems).filter(isProblemCode)

describe('the table of problems', () => {
  const statuses: Readonly<Record<ProblemCode, number>> = {
    funnel: 403,
    'peer-unknown': 403,
    'whois-failed': 503,
    'tagged-node': 400,
    'capability-invalid': 400,
    'no-rule': 403,
    'rules-tie': 400,
    'period-invalid': 422,
    'role-not-offered': 403,
    'namespace-protected': 403,
    'host-not-ours': 403,
    'origin-not-ours': 403,
    'rights-differ': 403,
    'not-signed-in': 401,
    'already-signed-out': 404,
    superseded: 409,
    'too-many-requests': 429,
    unavailable: 503,
    'access-may-remain': 503,
    'still-provisioning': 202,
    'bad-request': 400,
    'not-found': 404,
    'method-not-allowed': 405,
    'not-acceptable': 406,
    'body-too-large': 413,
    'unsupported-media-type': 415,
    'request-timeout': 408,
    'expectation-failed': 417,
    'headers-too-large': 431,
    internal: 500,
  }
  for (const code of codes) {
    it(`${code} is ${statuses[code]}`, () => assert.equal(problems[code].status, statuses[code]))
  }

  it('calls retriable exactly what the same request may get over later', () => {
    const retriable = codes.filter(code => problems[code].retriable)
    assert.deepEqual(retriable.map(code => problems[code].status).sort(), [202, 429, 503, 503, 503])
  })
})

describe('what a person reads', () => {
  it('has a message, and advice where there is any', () => {
    for (const code of codes) {
      const { message } = v.parse(ProblemBody, problemBody(new Problem(code)))
      assert.ok(message.length > 10, code)
    }
  })

  it('never makes the client give up on what can be tried again', () => {
    for (const code of codes.filter(each => problems[each].status !== 401 && problems[each].status !== 403)) {
      assert.doesNotMatch(JSON.stringify({ ...problemBody(new Problem(code)), status: 0 }), /401|403/, code)
    }
    const body = problemBody(new Problem('unavailable', 'node web-403 did not answer.'))
    assert.doesNotMatch(`${body.message}${body.advice.join()}`, /401|403/)
  })

  it('names the detail, and the same in the words of RFC 9457', () => {
    assert.deepEqual(problemBody(new Problem('period-invalid', 'period must be at most 8h.')), {
      type: 'urn:tka:problem:period-invalid',
      title: 'The period of your rule is out of bounds',
      status: 422,
      detail: 'period must be at most 8h.',
      message: 'The period of your rule is out of bounds: period must be at most 8h.',
      advice: ['Ask whoever writes the tailnet policy.'],
    })
  })

  it('says nothing of the cause', () => {
    const problem = new Problem('unavailable', '', { cause: new Error('leases.coordination.k8s.io is forbidden') })
    assert.doesNotMatch(JSON.stringify(problemBody(problem)), /lease|forbidden/)
  })
})
