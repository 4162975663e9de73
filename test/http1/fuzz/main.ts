// Compares the engine's parser with Node's on random messages: `npm run fuzz -- --seconds 60 --seed 1`. A case that fails
// is run again alone with its number as the seed and `--cases 1`.
import { parseArgs } from 'node:util'
import { runCampaign } from './campaign.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, cases: { type: 'string' } },
})
const seconds = Number(values.seconds ?? 60)
const seed = Number(values.seed ?? Date.now() % 1e9)
const cases = Number(values.cases ?? Infinity)
if (!(seconds > 0) || !(cases > 0) || !Number.isInteger(seed))
  throw new Error('--seconds, --seed and --cases take numbers')

const end = performance.now() + seconds * 1000
const campaign = await runCampaign(
  seed,
  ({ cases: done, failures }) => done >= cases || failures.length >= 10 || performance.now() > end,
)
console.log(
  `seed ${seed}: ${campaign.cases} cases, ${campaign.refused} refused by the engine, ${campaign.agreed} messages read alike`,
)
for (const [reason, times] of campaign.known) console.log(`${times} times accepted by the engine alone: ${reason}`)
for (const failure of campaign.failures) console.log(`\n${failure}`)
process.exitCode = campaign.failures.length > 0 ? 1 : 0
