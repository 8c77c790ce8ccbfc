import type { Lab, StartLabOptions } from './lab.ts'

/** Joins the running lab, or starts it; the last holder to dispose of it ends it. */
export async function startLab(_options: StartLabOptions = {}): Promise<Lab> {
  throw new Error('in the making')
}
