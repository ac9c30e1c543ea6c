import type { Bus } from "../../bus/port.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { UndiciEndpointCaller } from "../../grader-http/undici-endpoint-caller.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { randomIds } from "../../rollout/ids.ts";
import type { RolloutObserver } from "../../rollout/observer.ts";
import { createBusClaims } from "../../sandbox/bus-claims.ts";
import { OutcomeNotices } from "../../trace/outcome-notices.ts";
import { TraceDesk } from "../../trace/trace-desk.ts";
import { BodyRoom } from "./body-room.ts";
import { ServedEnvironments } from "./served-environments.ts";

/** What a process answers hosted trainers with. */
export interface TraceServiceParts {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast" | "request" | "serve" | "listen" | "broadcast">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: RolloutObserver;
  /** Bytes of bodies that are held at once, and as many of traces' logs that are remembered; default 32 MiB. */
  readonly heldBytes?: number;
  /** Told of each snapshot that is served from here. */
  readonly onSnapshot?: (specHash: string, snapshot: Snapshot) => void;
}

/** The traces of a process, ready for its routes. */
export interface TraceService {
  readonly desk: TraceDesk;
  readonly environments: ServedEnvironments;
  /** For the bodies of requests until they are answered. */
  readonly room: BodyRoom;
  /** Leaves what runs to other processes and ends the connections. */
  close(): Promise<void>;
}

const HELD_BYTES = 32 * 1024 * 1024;

/** For what is still to be noted at the end; a bus that is away is not waited for. */
const NOTED_WITHIN_MS = 2000;

/** Composes what answers traces over a bus. */
export function createTraceService(parts: TraceServiceParts): TraceService {
  const { bus, clock, logger, observer, onSnapshot, heldBytes = HELD_BYTES } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const http = new UndiciEndpointCaller();
  const environments = new ServedEnvironments({
    bus,
    clock,
    http,
    signal,
    ...(onSnapshot === undefined ? {} : { onSnapshot }),
  });
  const desk = new TraceDesk({
    store: bus,
    notices: new OutcomeNotices(bus, clock),
    claims: createBusClaims(bus, clock),
    clock,
    ids: randomIds,
    logger,
    observer,
    setupFor: async (specHash) => (await environments.snapshot(specHash)).setup,
    rememberedBytes: heldBytes,
    signal,
  });
  return {
    desk,
    environments,
    room: new BodyRoom(heldBytes),
    close: async () => {
      const over = new AbortController();
      await Promise.race([desk.noted(), clock.sleep(NOTED_WITHIN_MS, over.signal)]);
      over.abort();
      stopping.abort();
      await Promise.all([desk.close(), http.close()]);
    },
  };
}
