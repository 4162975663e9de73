import { describe, test } from 'node:test'
import { attachedNet, attachedTls, ownBind, ownUnixBind } from '../support/setups.js'
import { breaks, tunnels } from './behaviours/tunnels.js'
import { Scene } from './scene.js'

for (const setup of [ownBind, ownUnixBind, attachedNet, attachedTls]) {
  describe(`TCP, ${setup.name}`, () => {
    for (const { claim, run } of setup === ownUnixBind ? tunnels : [...tunnels, ...breaks]) {
      test(claim, (t) => run(new Scene(t, setup)))
    }
  })
}
