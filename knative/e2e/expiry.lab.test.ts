import { expiryCases } from './cases/expiry.ts'
import { openLabStand } from './lab-stand.ts'

expiryCases(openLabStand)
