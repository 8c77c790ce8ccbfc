import * as v from 'valibot'

/** Says which fields are wrong and what they must be, and never what they were: values may be nobody's business. */
export function issuePaths(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues.map(issue => `${v.getDotPath(issue) ?? 'event'} ${expectation(issue)}`).join('; ')
}

function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.message.startsWith('must ')) return issue.message
  return `must be ${issue.expected ?? 'something else'}`
}
