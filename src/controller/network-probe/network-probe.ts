import { toRollyardError } from "../../errors/rollyard-error.ts";
import { NETWORK_POLICIES, PODS } from "../../kube/api-resources.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import type { WriteResult } from "../../kube/write-result.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Enforcement } from "../environment/environment-conditions.ts";
import { dialledBy, PROBE_PODS, probePod, probePolicy, waitingBecause } from "./probe-objects.ts";
import type { ProbeSide } from "./probe-objects.ts";
import { probeVerdict } from "./probe-verdict.ts";
import type { Dialled } from "./probe-verdict.ts";

/** What a probe of the cluster's network works with. */
export interface NetworkProbeOptions {
  readonly client: KubeClient;
  /** The controller's own: the pods of a probe need room there. */
  readonly namespace: string;
  /** Holds sandboxd. */
  readonly image: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes the end of a pod's name, different each time. */
  readonly newId: () => string;
}

const LOOK_EVERY_MS = 1000;
const PATIENCE_MS = 120_000;

/**
 * Finds out whether the cluster enforces NetworkPolicies, by two pods that dial the API server: one under a policy that
 * lets nothing out, one under none. Never rejects: what goes wrong is part of the answer.
 */
export async function probeNetwork(options: NetworkProbeOptions, signal: AbortSignal): Promise<Enforcement> {
  const { client, namespace, logger } = options;
  try {
    const result = await client.create<KubeObject>(NETWORK_POLICIES, { namespace }, probePolicy(namespace));
    // One that is there is ours, of before.
    const refused = result.kind === "exists" ? null : refusalOf("policy", result);
    if (refused !== null) return probeVerdict(unknown(refused), unknown(refused));
    await removeEarlier(client, namespace);
    const [open, shut] = await Promise.all([dial("open", options, signal), dial("shut", options, signal)]);
    return probeVerdict(open, shut);
  } catch (error) {
    const { code, message } = toRollyardError(error);
    logger.warn("the probe of the network failed", { code });
    return probeVerdict(unknown(message), unknown(message));
  }
}

/** Pods of a probe whose leader went, or could not delete them. */
async function removeEarlier(client: KubeClient, namespace: string): Promise<void> {
  const list = await client.list(PODS, { namespace }, { labelSelector: PROBE_PODS });
  for (const { metadata } of list?.items ?? [])
    await client.delete(PODS, { namespace, name: metadata.name }, { gracePeriodSeconds: 0 });
}

async function dial(side: ProbeSide, options: NetworkProbeOptions, signal: AbortSignal): Promise<Dialled> {
  const { client, namespace, newId, image } = options;
  const place = { namespace, name: `rollyard-network-probe-${side}-${newId()}` };
  const result = await client.create<KubeObject>(PODS, { namespace }, probePod(side, place, image));
  const refused = refusalOf("pod", result);
  if (refused !== null) return unknown(refused);
  try {
    return await untilDialled(place, options, signal);
  } finally {
    await client.delete(PODS, place, { gracePeriodSeconds: 0 });
  }
}

async function untilDialled(
  place: { readonly namespace: string; readonly name: string },
  { client, clock }: NetworkProbeOptions,
  signal: AbortSignal,
): Promise<Dialled> {
  const deadlineMs = clock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const pod = await client.get<KubeObject>(PODS, place);
    const dialled = dialledBy(pod);
    if (dialled !== null) return dialled;
    if (signal.aborted || clock.monotonicMs() >= deadlineMs) {
      const why = pod === null ? "" : waitingBecause(pod);
      return unknown(`a pod of the probe did not end in time${why && ` (${why})`}.`);
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** Null when it was created, else a sentence with the API server's words. */
function refusalOf(what: "pod" | "policy", result: WriteResult<unknown>): string | null {
  if (result.kind === "done") return null;
  const said = result.kind === "forbidden" || result.kind === "invalid" ? result.message : result.kind;
  return `a ${what} of the probe was not taken: ${said}`;
}

function unknown(detail: string): Dialled {
  return { kind: "unknown", detail };
}
