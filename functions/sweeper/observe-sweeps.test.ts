import assert from 'node:assert/strict'
import { it } from 'node:test'
import { trialTelemetry } from '#io/testing/trial-function'
import { openTrialScrape, seriesValue } from '#io/testing/trial-scrape'
import { observeSweeps } from './observe-sweeps.ts'

const scrape = openTrialScrape()

it('the time of the last sweep is shown once there was one, and one that failed is none', async () => {
  let time = 1_000_000
  const observed = observeSweeps({ metrics: trialTelemetry().metrics, now: () => time })
  const fail = () => observed(() => Promise.reject(new Error('no API server')))
  const shown = async () => {
    const families = await scrape()
    const count = (outcome: string) => seriesValue(families, 'tka_sweeps_total', { outcome })
    return [seriesValue(families, 'tka_sweep_last_timestamp_seconds'), count('swept'), count('failed')]
  }
  await assert.rejects(fail(), /no API server/)
  assert.deepEqual(await shown(), [undefined, undefined, 1])
  await observed(async () => undefined)
  time += 60_000
  await assert.rejects(fail(), /no API server/)
  assert.deepEqual(await shown(), [1_000, 1, 2])
})
