/** Who leads, as a Lease of coordination.k8s.io says it. */
export interface LeaseRecord {
  /** Empty when the last holder has given it back. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** RFC 3339 with microseconds; for people, nothing is decided by it. */
  readonly acquireTime: string;
  readonly renewTime: string;
  /** How often the holder has changed. */
  readonly transitions: number;
}

/** A record as it is stored, with the version that a change of it has to name. */
export interface StoredLease {
  readonly record: LeaseRecord;
  readonly version: string;
}

/** Where one lease is kept. Both calls reject with `kube_unreachable` and the like. */
export interface LeaseStore {
  /** Null when there is none yet. */
  read(): Promise<StoredLease | null>;
  /** Stores a record over the version that was read, or a first one over null; null when someone was faster. */
  write(record: LeaseRecord, over: string | null): Promise<StoredLease | null>;
}
