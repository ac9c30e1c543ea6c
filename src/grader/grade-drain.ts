/** The two steps of a drain. */
export interface GradeDrain {
  /** Aborts when no more waiting is wanted: what waits is given back. */
  readonly soft: AbortSignal;
  /** Aborts when the time is over: what runs is given back too. */
  readonly hard: AbortSignal;
}
