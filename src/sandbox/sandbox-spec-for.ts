import type { EnvironmentSpec } from "../environment/environment.ts";
import type { SandboxSpec } from "../environment/sandbox-spec.ts";
import type { JsonObject } from "../lib/json.ts";
import { graderSandboxSpec } from "./grader-sandbox-spec.ts";
import type { Purpose } from "./purpose.ts";
import { compileImage } from "../environment/item-image.ts";

/** The sandbox of one rollout, or of its grader, by the environment as it was at the job's start. Pure. */
export function sandboxSpecFor(
  environment: EnvironmentSpec,
  item: JsonObject,
  purpose: Purpose,
): SandboxSpec {
  const { sandbox, graderRuntime } = environment;
  const image = compileImage(sandbox.image);
  const own = image.kind === "fixed" ? sandbox : { ...sandbox, image: image.imageOf(item) };
  return purpose === "agent" ? own : graderSandboxSpec(own, graderRuntime?.image);
}
