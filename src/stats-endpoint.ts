import type { StatsSnapshot } from './stats/snapshot.js'
import type { StatsSettings } from './stats-options.js'
export class StatsEndpoint {
  constructor(readonly settings: StatsSettings, readonly read: () => StatsSnapshot) {}
  async listen(): Promise<void> {}
  address(): { path: string } | undefined { return undefined }
  close(): void {}
}
