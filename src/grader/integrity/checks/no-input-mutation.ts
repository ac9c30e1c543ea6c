import { forwardsOf } from "../forwards.ts";
import type { Forward } from "../forwards.ts";
import type { IntegrityCheck } from "../integrity-check.ts";

/** Names that a statement changes in place: by a method whose name ends so, by an item, by an operator, as a place for output. */
const CHANGES = [
  /\b(\w+)\s*\.\s*(?!requires_grad_)[a-z]\w{0,40}_\s*\(/gu,
  /^[^\S\n]*(\w+)\s*\[[^\]\n]{0,200}\]\s*(?:[-+*/@]|\/\/|\*\*)?=(?!=)/gmu,
  /^[^\S\n]*(\w+)\s*(?:[-+*/@]|\/\/|\*\*)=/gmu,
  /\bout\s*=\s*(\w+)\b/gu,
];
/** A name given to something else; to what it is already, changes nothing. */
const BINDS = /^\s*(\w+)\s*=(?!=)(?!\s*\1\s*$)/u;

/** Kernel tasks: `forward` writes into what it is given, so that the reference that runs after it sees other inputs. */
export const noInputMutation: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: ({ sources }) => {
    const count = sources.filter(({ code }) => forwardsOf(code).some(changesInput)).length;
    return count === 0 ? null : { reason: "in_place", evidence: { files: String(count) } };
  },
};

/** A name that is bound to something else is the input's up to that statement, and in it. */
function changesInput({ parameters, statements }: Forward): boolean {
  const own = new Set(parameters);
  for (const statement of statements) {
    if (changedIn(statement).some((name) => own.has(name))) return true;
    own.delete(BINDS.exec(statement)?.[1] ?? "");
  }
  return false;
}

function changedIn(statement: string): readonly string[] {
  return CHANGES.flatMap((change) => Array.from(statement.matchAll(change), ([, name = ""]) => name));
}
