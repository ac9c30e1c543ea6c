import type { Bus } from "../bus/port.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { AheadRoom } from "../lib/map-ahead.ts";
import type { Authorizer } from "./authorizer.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { GatewayLimits, Places } from "./limits.ts";

/** What the routes work with. */
export interface GatewayParts {
  readonly bus: Pick<Bus, "publish" | "read" | "readPage" | "readLast" | "broadcast">;
  /** The gateway's own. */
  readonly client: Pick<KubeClient, "get">;
  /** For what is done in a caller's name; it must not have credentials of its own that the API server would take instead. */
  readonly callers: Pick<KubeClient, "send">;
  readonly authorizer: Authorizer;
  readonly limits: GatewayLimits;
  readonly places: { readonly bodies: Places; readonly streams: Places };
  readonly ahead: AheadRoom;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  /** A name for a job whose submitter gives none. */
  readonly newName: () => string;
  /** Aborts when the process is to end. */
  readonly draining: AbortSignal;
}
