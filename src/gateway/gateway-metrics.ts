/** The routes as metrics and logs name them. */
export const ROUTES = [
  "job",
  "submit",
  "dataset",
  "results",
  "log",
  "tool",
  "grade",
  "grader",
  "unknown",
] as const;

/** One of {@link ROUTES}. */
export type GatewayRoute = (typeof ROUTES)[number];

/** What a gateway counts. */
export interface GatewayMetrics {
  /** A request was answered; `seconds` until its last byte. */
  answered(route: GatewayRoute, status: number, seconds: number): void;
  /** Lines of results and logs that were sent. */
  sent(route: GatewayRoute): void;
  /** A trainer was told a score, or was gone before it had the whole answer. */
  gradeAnswered(delivered: boolean): void;
}
