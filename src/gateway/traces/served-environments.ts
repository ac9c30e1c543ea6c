import type { LogStore, Messenger } from "../../bus/port.ts";
import { LiveSecrets } from "../../config/live-secrets.ts";
import { requestSecrets } from "../../config/secrets-client.ts";
import { loadSnapshot } from "../../config/snapshot.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import type { Clock } from "../../lib/clock.ts";
import { ExpiringCache } from "../../lib/expiring-cache.ts";
import { KeyedCache } from "../../lib/keyed-cache.ts";
import { findServed } from "../../trace/served-record.ts";
import type { ServedEnvironment } from "../../trace/trace-ref.ts";
import type { TraceSetup } from "../../trace/trace-setup.ts";
import { createTraceSetup } from "./create-trace-setup.ts";
import type { TraceSetupDeps } from "./create-trace-setup.ts";
import { keysIn, matchesKey } from "./matches-key.ts";
import { RequestPace } from "./request-pace.ts";

/** What served environments are read with. */
export interface ServedEnvironmentsDeps extends TraceSetupDeps {
  readonly bus: LogStore & Messenger;
  readonly clock: Clock;
  /** Told of each snapshot that becomes a setup. */
  readonly onSnapshot?: (specHash: string, snapshot: Snapshot) => void;
  readonly signal: AbortSignal;
}

/** A snapshot of a served environment with what stands in front of it. */
export interface ServedSnapshot {
  readonly setup: TraceSetup;
  readonly pace: RequestPace;
  /** Whether the key opens it; keys that were just rotated count too. */
  readonly opensWith: (key: string) => Promise<boolean>;
}

/** For so long an environment is taken for what it was. */
const KEEP_MS = 1000;
const KEPT_NAMES = 1024;
const KEPT_SNAPSHOTS = 64;
/** A wrong key makes secrets read anew, and not more often: wrong keys are free. */
const REREAD_EVERY_MS = 5000;

/** The environments that are served now, as the controller has put them on the bus, and what calls of them need. */
export class ServedEnvironments {
  readonly #deps: ServedEnvironmentsDeps;
  readonly #names: ExpiringCache<ServedEnvironment | null>;
  readonly #snapshots = new KeyedCache<ServedSnapshot>(KEPT_SNAPSHOTS);

  constructor(deps: ServedEnvironmentsDeps) {
    this.#deps = deps;
    this.#names = new ExpiringCache(KEPT_NAMES, deps.clock);
  }

  /** What is served under a name; null for nothing. Rejects with `bus_unavailable`. */
  find(namespace: string, name: string): Promise<ServedEnvironment | null> {
    return this.#names.get(`${namespace}/${name}`, async () => ({
      value: await findServed(this.#deps.bus, { namespace, name }),
      keepMs: KEEP_MS,
    }));
  }

  /** A snapshot by its hash. Rejects with class config, or `bus_unavailable`. */
  snapshot(specHash: string): Promise<ServedSnapshot> {
    return this.#snapshots.get(specHash, () => this.#read(specHash));
  }

  async #read(specHash: string): Promise<ServedSnapshot> {
    const { bus, clock, signal, onSnapshot } = this.#deps;
    const snapshot = await loadSnapshot(bus, specHash);
    onSnapshot?.(specHash, snapshot);
    const { serve } = snapshot.environment;
    const query = { namespace: snapshot.namespace, specHash, jobUid: "", service: "gateway" } as const;
    const secrets = await LiveSecrets.open(() => requestSecrets(bus, query, { clock, signal }), clock);
    return {
      setup: createTraceSetup(snapshot, secrets, this.#deps),
      pace: new RequestPace(serve.requestsPerSecond, clock),
      opensWith: opener(serve.authSecret, secrets, clock),
    };
  }
}

function opener(
  reference: Snapshot["environment"]["serve"]["authSecret"],
  secrets: LiveSecrets,
  clock: Clock,
): ServedSnapshot["opensWith"] {
  let readAtMs = clock.monotonicMs();
  const opens = (key: string): boolean => {
    const value = reference === undefined ? undefined : secrets.current.get(reference);
    return matchesKey(key, value === undefined ? [] : keysIn(value.reveal()));
  };
  return async (key) => {
    secrets.touch();
    if (opens(key)) return true;
    const now = clock.monotonicMs();
    if (now - readAtMs < REREAD_EVERY_MS) return false;
    readAtMs = now;
    await secrets.refused();
    return opens(key);
  };
}
