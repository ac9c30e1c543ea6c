import type { SandboxSpec } from "../environment/sandbox-spec.ts";
import type { Purpose } from "./purpose.ts";
import type { SandboxNeed } from "./sandbox-need.ts";
import { sandboxTemplate } from "./sandbox-template.ts";
import type { SandboxTemplate, TemplatePlace } from "./sandbox-template.ts";

/**
 * Templates by the spec that they were made from, the object and not what it says: all rollouts of a job bring the same one, so
 * that a claim hashes nothing. They go with their specs.
 */
export class TemplateCache {
  readonly #placeOf: (purpose: Purpose) => TemplatePlace;
  readonly #made = new WeakMap<SandboxSpec, SandboxTemplate[]>();

  constructor(placeOf: (purpose: Purpose) => TemplatePlace) {
    this.#placeOf = placeOf;
  }

  /** The template of a need. */
  of(purpose: Purpose, need: SandboxNeed): SandboxTemplate {
    const made = this.#made.get(need.spec) ?? [];
    const known = made.find((template) => isOf(template, purpose, need));
    if (known !== undefined) return known;
    const template = sandboxTemplate(purpose, need, this.#placeOf(purpose));
    this.#made.set(need.spec, [...made, template]);
    return template;
  }
}

function isOf({ purpose, request }: SandboxTemplate, wanted: Purpose, need: SandboxNeed): boolean {
  const { priorityClassName, queueName } = request.placement ?? {};
  return purpose === wanted && priorityClassName === need.priorityClassName && queueName === need.queueName;
}
