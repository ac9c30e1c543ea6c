import type { Bus } from "../../../src/bus/port.ts";
import type { SandboxSpec } from "../../../src/environment/sandbox-spec.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { Logger } from "../../../src/lib/logger.ts";
import { SandboxBroker } from "../../../src/sandbox/broker.ts";
import { selectLauncher } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import { generateSigningKeys } from "../../../src/sandbox/signing-keys.ts";

/** What the broker of the benchmark's environment is made of. */
export interface BenchBrokerOptions {
  readonly bus: Bus;
  readonly identity: JobIdentity;
  readonly spec: SandboxSpec;
  /** What isolates its sandboxes; namespaces of this machine by default. */
  readonly sandboxes?: SandboxChoice;
  /** Whether an attempt may go on in a new sandbox. */
  readonly replacesLost?: boolean;
  /** Path of the program. */
  readonly sandboxd: string;
  readonly logger: Logger;
}

/** A broker with its launcher. */
export interface RunningBroker {
  release: SandboxBroker["release"];
  /** Gives out no more, and ends every sandbox; safe to repeat. */
  endSandboxes(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the product's broker on this machine. Rejects with `launcher_unavailable`. */
export async function startBroker(options: BenchBrokerOptions): Promise<RunningBroker> {
  const { bus, identity, spec, sandboxd, logger, sandboxes = "bubblewrap", replacesLost = false } = options;
  const launcher = await selectLauncher(sandboxes, { sandboxd, spec });
  const broker = new SandboxBroker({
    bus,
    launcher,
    namespace: identity.namespace,
    environmentUid: identity.environmentUid,
    spec,
    localFolder: null,
    keys: generateSigningKeys(),
    clock: systemClock,
    logger,
    replacesLost,
  });
  await broker.start();
  let ended: Promise<void> | undefined;
  return {
    release: (ref, purposes) => broker.release(ref, purposes),
    endSandboxes: () => (ended ??= broker.stop()),
    close: () => launcher.close(),
  };
}
