import type { Person } from '../../lab/person.ts'

/** One login, to the body of its kubeconfig; resolves to how long that took, in milliseconds. The session is then left. */
async function logInAndLeave(person: Person): Promise<number> {
  const began = performance.now()
  const login = await person.login()
  if (login.status !== 202) throw new Error(`login: ${login.status} ${login.body}`)
  const kubeconfig = await person.request('GET', '/kubeconfig')
  if (kubeconfig.status !== 200) throw new Error(`kubeconfig: ${kubeconfig.status} ${kubeconfig.body}`)
  const took = performance.now() - began
  const logout = await person.logout()
  if (logout.status !== 200) throw new Error(`logout: ${logout.status} ${logout.body}`)
  return took
}

/** So many logins, shared by people at once, each with its logout; resolves to how long each login took. */
export async function logInOften(people: readonly Person[], logins: number): Promise<readonly number[]> {
  let begun = 0
  const took: number[] = []
  const inTurn = async (person: Person) => {
    while (begun < logins) {
      begun += 1
      took.push(await logInAndLeave(person))
    }
  }
  await Promise.all(people.map(inTurn))
  return took
}
