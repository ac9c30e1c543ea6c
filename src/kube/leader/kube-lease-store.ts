import { RollyardError } from "../../errors/rollyard-error.ts";
import type { KubeClient } from "../kube-client.ts";
import type { KubeObject } from "../kube-object.ts";
import type { WriteResult } from "../write-result.ts";
import type { LeaseRecord, LeaseStore, StoredLease } from "./lease.ts";

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

const LEASES = { group: "coordination.k8s.io", version: "v1", plural: "leases" };

/** One Lease of the API server. The client's calls should end well before a lease does. */
export class KubeLeaseStore implements LeaseStore {
  readonly #client: KubeClient;
  readonly #place: { readonly namespace: string; readonly name: string };

  constructor(client: KubeClient, place: { readonly namespace: string; readonly name: string }) {
    this.#client = client;
    this.#place = place;
  }

  async read(): Promise<StoredLease | null> {
    const lease = await this.#client.get<Lease>(LEASES, this.#place);
    return lease === null ? null : stored(lease);
  }

  async write(record: LeaseRecord, over: string | null): Promise<StoredLease | null> {
    const { namespace } = this.#place;
    const object = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { ...this.#place, ...(over === null ? {} : { resourceVersion: over }) },
      spec: {
        holderIdentity: record.holder,
        leaseDurationSeconds: record.durationSeconds,
        acquireTime: record.acquireTime,
        renewTime: record.renewTime,
        leaseTransitions: record.transitions,
      },
    };
    return written(
      over === null
        ? await this.#client.create<Lease>(LEASES, { namespace }, object)
        : await this.#client.replace<Lease>(LEASES, this.#place, object as unknown as Lease),
    );
  }
}

function written(result: WriteResult<Lease>): StoredLease | null {
  switch (result.kind) {
    case "done":
      return stored(result.object);
    case "exists":
    case "conflict":
    case "missing":
      return null;
    case "forbidden":
    case "invalid":
      throw new RollyardError("kube_refused", {
        message: `The leader's Lease can't be written: ${result.message}`,
      });
    default:
      return result satisfies never;
  }
}

function stored({ metadata, spec = {} }: Lease): StoredLease {
  return {
    version: metadata.resourceVersion,
    record: {
      holder: spec.holderIdentity ?? "",
      durationSeconds: spec.leaseDurationSeconds ?? 0,
      acquireTime: spec.acquireTime ?? "",
      renewTime: spec.renewTime ?? "",
      transitions: spec.leaseTransitions ?? 0,
    },
  };
}
