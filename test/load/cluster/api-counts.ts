import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";

/** Requests that the API server has answered, by `VERB resource/subresource`. */
export type ApiCounts = ReadonlyMap<string, number>;

const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE", "APPLY"]);
const LINE = /^apiserver_request_total\{([^}]*)\} (\S+)$/gm;

/** Reads `apiserver_request_total`. */
export async function readApiCounts(transport: KubeTransport): Promise<ApiCounts> {
  const { body } = await transport.send({ method: "GET", path: "/metrics" });
  const counts = new Map<string, number>();
  for (const [, labels = "", value] of body.matchAll(LINE)) {
    const label = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
    const subresource = label("subresource");
    const what = `${label("verb")} ${label("resource")}${subresource === "" ? "" : `/${subresource}`}`;
    counts.set(what, (counts.get(what) ?? 0) + Number(value));
  }
  return counts;
}

/** Writes between two readings, without those that go on when nothing happens: leases and nodes' beats. */
export function writesBetween(before: ApiCounts, after: ApiCounts): ReadonlyMap<string, number> {
  const differences = [...after].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const);
  return new Map(
    differences.filter(([what, count]) => {
      const [verb = "", resource = ""] = what.split(" ");
      return count > 0 && WRITES.has(verb) && !/^(leases|nodes)(\/|$)/.test(resource);
    }),
  );
}

/** The sum of some counts. */
export function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
