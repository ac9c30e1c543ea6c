import { forwardsOf } from "../forwards.ts";
import type { Forward } from "../forwards.ts";
import type { IntegrityCheck } from "../integrity-check.ts";

/** Names that a line changes in place: by a method whose name ends so, by an item, by an operator, as a place for output. */
const CHANGES = [
  /\b(\w+)\s*\.\s*(?!requires_grad_)[a-z]\w{0,40}_\s*\(/gu,
  /^[^\S\n]*(\w+)\s*\[[^\]\n]{0,200}\]\s*(?:[-+*/@]|\/\/|\*\*)?=(?!=)/gmu,
  /^[^\S\n]*(\w+)\s*(?:[-+*/@]|\/\/|\*\*)=/gmu,
  /\bout\s*=\s*(\w+)\b/gu,
];
const BINDS = /^[^\S\n]*(\w+)\s*=(?!=)/gmu;

/** Kernel tasks: `forward` writes into what it is given, so that the reference that runs after it sees other inputs. */
export const noInputMutation: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: ({ sources }) => {
    const count = sources.filter(({ code }) => forwardsOf(code).some(changesInput)).length;
    return count === 0 ? null : { reason: "in_place", evidence: { files: String(count) } };
  },
};

function changesInput({ parameters, body }: Forward): boolean {
  const bound = new Set(Array.from(body.matchAll(BINDS), ([, name = ""]) => name));
  const own = new Set(parameters.filter((name) => !bound.has(name)));
  return CHANGES.some((change) =>
    Array.from(body.matchAll(change), ([, name = ""]) => name).some((name) => own.has(name)),
  );
}
