import { badgeCases } from './cases/badge.ts'
import { openLabStand } from './lab-stand.ts'

badgeCases(openLabStand)
