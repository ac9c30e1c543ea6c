import { importsOf } from "./imports.ts";
import type { SourceMap } from "./source-map.ts";

/** From the outside in: a layer imports itself and what stands after it. */
const LAYERS = ["service", "adapter", "domain", "base"] as const;
type Layer = (typeof LAYERS)[number];

/** Which layer a path is in: the first pattern that matches decides. */
const PLACES: readonly (readonly [RegExp, Layer])[] = [
  [/^services\//, "service"],
  [/^src\/(errors|lib|gen)\//, "base"],
  [/^src\/telemetry\/[a-z-]*port\.ts$/, "domain"],
  [/^src\/(controller|kube|gateway|config|telemetry|[a-z]+-http)\//, "adapter"],
  [/^src\/bus\/(jetstream\/|nats-server|find-nats-server|probe-nats|supervised-child)/, "adapter"],
  [/^src\/model\/(openai-|model-(calls|fetch|runtime))/, "adapter"],
  [/^src\/sandbox\/(launchers\/|sandboxd-|bus-claims|select-launcher)/, "adapter"],
  [
    /^src\/(rollout|job|trace|environment|grader|trajectory|regrade|preflight|trainer|sandbox|model|bus)\//,
    "domain",
  ],
];

/** Packages that reach outside the process or belong to one adapter; domain and base do without them. */
const OUTER_PACKAGES = new Set([
  "@kubernetes/client-node",
  "nats",
  "@nats-io/jetstream",
  "@nats-io/kv",
  "openai",
  "undici",
  "fastify",
  "pino",
  "prom-client",
  "commander",
  "testcontainers",
  "node:http",
  "node:https",
  "node:http2",
  "node:net",
  "node:tls",
  "node:dgram",
  "node:child_process",
]);

/** The layer of a path under src/ or services/, or null for what the product must not import. */
export function layerOf(path: string): Layer | null {
  return PLACES.find(([pattern]) => pattern.test(path))?.[1] ?? null;
}

/** Imports against the direction services → adapters → domain → errors and lib, each as a sentence. */
export function findWrongArrows(sources: SourceMap): readonly string[] {
  const product = [...sources].filter(
    ([path]) => /^(src|services)\/.*\.ts$/.test(path) && !path.endsWith(".test.ts"),
  );
  return product.flatMap(([path, text]) => {
    const problems = importsOf(path, text).map((each) =>
      each.kind === "file" ? wrongFile(path, each.path) : wrongPackage(path, each.name),
    );
    return problems.filter((problem) => problem !== null);
  });
}

function wrongFile(from: string, to: string): string | null {
  const [outer, inner] = [layerOf(from), layerOf(to)];
  if (outer === null) return `${from} is in no layer of test/support/architecture/layers.ts`;
  if (inner === null) return `${from} imports ${to}, which is no part of the product`;
  if (outer === "service" && inner === "service" && isForeignService(from, to)) {
    return `${from} imports ${to}, another service`;
  }
  if (LAYERS.indexOf(inner) >= LAYERS.indexOf(outer)) return null;
  return `${from} (${outer}) imports ${to} (${inner})`;
}

function wrongPackage(from: string, name: string): string | null {
  const layer = layerOf(from);
  const isInner = layer === "domain" || layer === "base";
  return isInner && OUTER_PACKAGES.has(name) ? `${from} (${layer}) imports the package ${name}` : null;
}

/** The command line puts the other services together in one process; it takes their parts, never their main.ts. */
function isForeignService(from: string, to: string): boolean {
  if (folderOf(from) === folderOf(to)) return false;
  return folderOf(from) !== "services/cli" || to.endsWith("/main.ts");
}

function folderOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}
