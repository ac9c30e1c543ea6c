/** What a scenario of `npm run chaos` comes to. */
export interface ScenarioResult {
  /** For people. */
  readonly text: string;
  /** For programs. */
  readonly json: object;
  /** 0 when everything is as it must be. */
  readonly code: 0 | 1;
}
