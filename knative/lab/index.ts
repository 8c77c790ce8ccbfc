export type { ApiServer, Lab, StartLabOptions } from './lab.ts'
export { startLab } from './start-lab.ts'
