/** What etcd has stored and removed since its start. */
export interface EtcdCounts {
  readonly puts: number;
  readonly deletes: number;
}

/** Reads `etcd_mvcc_put_total` and `etcd_mvcc_delete_total` of etcd's metrics. Throws when one is missing. */
export function parseEtcdCounts(metrics: string): EtcdCounts {
  const counter = (name: string): number => {
    const match = new RegExp(`^${name} (\\S+)$`, "m").exec(metrics);
    if (match === null) throw new Error(`etcd has no metric ${name}`);
    return Number(match[1]);
  };
  return { puts: counter("etcd_mvcc_put_total"), deletes: counter("etcd_mvcc_delete_total") };
}
