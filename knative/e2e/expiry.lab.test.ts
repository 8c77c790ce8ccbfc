import { expiryCases, lateExpiryCases } from './cases/expiry.ts'
import { openLabStand } from './lab-stand.ts'

expiryCases(openLabStand)
lateExpiryCases(openLabStand)
