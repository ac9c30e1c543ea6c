import type { Clock } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { KubeClient } from "../kube-client.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import type { KubeObject } from "../kube-object.ts";
import type { ApiResource } from "../resource-path.ts";
import { mergePatch } from "./merge-patch.ts";

/** An object as a cache has it, with the status that was read. */
export interface WithStatus extends KubeObject {
  readonly status?: JsonObject;
}

/** What came of a status. */
export type StatusEnd =
  /** The object says so already: nothing was sent. */
  | { readonly kind: "same" }
  | { readonly kind: "written" }
  /** It was written a moment ago: to be asked again, with the status as it is then. */
  | { readonly kind: "later"; readonly againAfterMs: number }
  /** The object has changed since it was read, or is another one of its name: to be asked again once the cache shows it. */
  | { readonly kind: "stale" }
  | { readonly kind: "gone" };

/** Whose status, and how often. */
export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly resource: ApiResource;
  readonly clock: Clock;
  /** Least time between two writes to one object. */
  readonly everyMs?: number;
}

interface Written {
  readonly atMs: number;
  readonly version: string;
  readonly status: JsonObject;
}

const EVERY_MS = 1000;

/**
 * Writes statuses that only we write: a merge patch of what differs, nothing when nothing does, and at most one a second
 * for an object. The patch names the version that it is for, so that it can't land on a namesake that was made later (the
 * API server does not look at the uid in a patch of a status).
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #written = new Map<string, Written>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Makes the object's status the wanted one. Rejects with `kube_refused` when the API server finds it invalid. */
  async write(object: WithStatus, wanted: JsonObject): Promise<StatusEnd> {
    const { clock, client, resource, everyMs = EVERY_MS } = this.#options;
    const { uid, name, namespace } = object.metadata;
    const last = this.#written.get(uid);
    const known = newest(object, last);
    const patch = mergePatch(known.status, wanted);
    if (patch === null) return { kind: "same" };
    const nowMs = clock.monotonicMs();
    const againAfterMs = last === undefined ? 0 : last.atMs + everyMs - nowMs;
    if (againAfterMs > 0) return { kind: "later", againAfterMs };
    const place = { name, subresource: "status", ...(namespace === undefined ? {} : { namespace }) } as const;
    const body = { metadata: { resourceVersion: known.version }, status: patch };
    const result = await client.patch<WithStatus>(resource, place, { body });
    switch (result.kind) {
      case "done":
        this.#written.set(uid, {
          atMs: nowMs,
          version: result.object.metadata.resourceVersion,
          status: result.object.status ?? {},
        });
        return { kind: "written" };
      case "conflict":
      case "exists":
        return { kind: "stale" };
      case "missing":
        this.forget(uid);
        return { kind: "gone" };
      case "forbidden":
      case "invalid":
        throw new RollyardError("kube_refused", {
          message: `The API server refuses a status: ${result.message}`,
        });
      default:
        return result satisfies never;
    }
  }

  /** Forgets an object that is gone. */
  forget(uid: string): void {
    this.#written.delete(uid);
  }
}

/** What the object says, unless our own last write is newer than the cache. */
function newest(
  { metadata, status = {} }: WithStatus,
  last: Written | undefined,
): Pick<Written, "version" | "status"> {
  const version = metadata.resourceVersion;
  return last === undefined || BigInt(version) >= BigInt(last.version) ? { version, status } : last;
}
