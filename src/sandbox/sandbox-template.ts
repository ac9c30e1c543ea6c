import { createHash } from "node:crypto";
import { canonicalJson } from "../lib/canonical-json.ts";
import type { LaunchRequest } from "./port.ts";
import type { Purpose } from "./purpose.ts";
import type { SandboxNeed } from "./sandbox-need.ts";

/** What a sandbox is made from; those of one key are alike. */
export interface SandboxTemplate {
  readonly key: string;
  /** Of those that differ only in how a cluster shall treat them, by their jobs' priority class and queue: they are of one kind. */
  readonly kind: string;
  readonly purpose: Purpose;
  readonly request: Omit<LaunchRequest, "sandboxUid" | "publicKeys" | "onProgress">;
}

/** What a template is made from beside the need. */
export interface TemplatePlace {
  /** Absolute path of the folder whose copy becomes the workdir, or null. */
  readonly localFolder: string | null;
  /** Absolute path of a virtual environment, or null. */
  readonly venv: string | null;
}

const KEY_DIGITS = 16;

/** Makes the template of a need. How many there shall be, and how fast, tells no sandbox from another. */
export function sandboxTemplate(purpose: Purpose, need: SandboxNeed, place: TemplatePlace): SandboxTemplate {
  const { spec, priorityClassName, queueName } = need;
  const { warmReplicas: _warm, maxStarting: _most, startsPerSecond: _rate, ...made } = spec;
  const key = digest({ purpose, made, priorityClassName, queueName, ...place });
  const isPlain = priorityClassName === undefined && queueName === undefined;
  return {
    key,
    kind: isPlain ? key : digest({ purpose, made, ...place }),
    purpose,
    request: { spec, ...place, placement: { template: key, priorityClassName, queueName } },
  };
}

function digest(parts: Parameters<typeof canonicalJson>[0]): string {
  return createHash("sha256").update(canonicalJson(parts)).digest("hex").slice(0, KEY_DIGITS);
}
