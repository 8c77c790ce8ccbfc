export type { Lab } from './lab.ts'
export { startLab } from './start-lab.ts'
