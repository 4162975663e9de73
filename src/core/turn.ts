/** Who is to send in an exchange, and who takes no more for now: that says whose silence counts. */
export class Turn {
  isRequestComplete: boolean
  /** The server takes no more of the request for now. */
  isServerFull = false
  /** The client takes no more of the response for now. */
  isClientFull = false

  constructor(isRequestComplete: boolean) {
    this.isRequestComplete = isRequestComplete
  }

  /** Whether the client is to take, or to send and its time is the shorter. It does not send while it waits for a 100. */
  isClients(waitsForContinue: boolean, isTimeShorter: boolean): boolean {
    if (this.isClientFull) return true
    return !this.isRequestComplete && !this.isServerFull && !waitsForContinue && isTimeShorter
  }
}
