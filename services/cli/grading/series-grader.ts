import { createHash } from "node:crypto";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { assetsDigest } from "../../../src/config/snapshot-assets.ts";
import { canonicalJson } from "../../../src/lib/canonical-json.ts";
import type { SeriesGrader } from "../../../src/regrade/series-file.ts";

/** Which grader an Environment has, and a fingerprint of all that decides its rewards. Secrets and headers are not in it. */
export async function seriesGrader({
  environment,
  readGraderAssets,
}: Pick<EnvironmentInput, "environment" | "readGraderAssets">): Promise<SeriesGrader> {
  const { grader, passThreshold, judges, responseFormat, graderRuntime, tools } = environment.spec;
  const asked = Object.entries(judges).map(([model, { baseURL, name, structuredOutput }]) => ({
    model,
    baseURL,
    name,
    structuredOutput,
  }));
  const decides = {
    grader,
    passThreshold,
    judges: asked,
    responseFormat,
    graderRuntime,
    tools,
    ...assetsDigest(await readGraderAssets()),
  };
  const sha256 = createHash("sha256")
    .update(canonicalJson(JSON.parse(JSON.stringify(decides))))
    .digest("hex");
  return { name: grader.name ?? grader.type, type: grader.type, sha256 };
}

/** The name of a series whose grader is to tell it: `<grader>-<first digits of its fingerprint>`. */
export function seriesName({ name, sha256 }: SeriesGrader): string {
  const word = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-|-$/gu, "")
    .slice(0, 40);
  return `${word === "" ? "grader" : word}-${sha256.slice(0, 8)}`;
}
