import { AUDIT_TOOL, NOTE_TOOL } from "../world/behaviour.ts";
import type { ModelAnswerLine } from "../world/model-log.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import type { SeenAttempt, SeenTurn } from "./seen-log.ts";

/** Every turn on record is an answer that the model gave, and none was asked for again; every tool ran once. */
export function checkTurns(evidence: Evidence): readonly Finding[] {
  const answers = Map.groupBy(evidence.model, ({ rollout, turn }) => `${rollout}/${turn}`);
  const killed = [...evidence.logs.values()].flatMap(({ attempts }) =>
    attempts.filter(({ seal }) => seal?.kind === "stopped" && seal.reason === "sandbox_killed"),
  ).length;
  return [
    ...[...evidence.logs].flatMap(([rollout, { attempts, findings }]) => [
      ...findings,
      ...attempts.flatMap((attempt, at) =>
        attempt.turns.flatMap((turn, number) =>
          checkTurn(turn, {
            name: `${rollout}/${number}`,
            given: answers.get(`${rollout}/${number}`) ?? [],
            untilMs: attempts[at + 1]?.startedAtMs ?? Number.POSITIVE_INFINITY,
          }),
        ),
      ),
      ...attempts.flatMap((attempt) => checkNotes(rollout, attempt)),
    ]),
    ...checkRemoteMarks(evidence),
    ...(killed <= evidence.sandboxdKills
      ? []
      : [
          invented(`${killed} sandboxes count as killed by their agents, and ${evidence.sandboxdKills} were`),
        ]),
  ];
}

interface TurnPlace {
  /** rollout/turn */
  readonly name: string;
  /** All answers that the model gave to it, of all attempts. */
  readonly given: readonly ModelAnswerLine[];
  /** When the next attempt began. */
  readonly untilMs: number;
}

function checkTurn(turn: SeenTurn, { name, given, untilMs }: TurnPlace): readonly Finding[] {
  const own = given.find(({ id }) => id === turn.id);
  if (own === undefined) return [invented(`turn ${name} is no answer of the model`)];
  const again = given.filter(({ at }) => at > turn.storedAtMs && at < untilMs).length;
  // A driver that was superseded before the turn was stored may not know it yet: it asks once, and is refused.
  const zombies = Math.max(0, turn.driversBefore - 1);
  if (again <= zombies) return [];
  return [
    { kind: "re-sampled turns", what: `turn ${name} was sampled ${again} times after it was on record` },
  ];
}

/** What the audit shows is what the calls on record did, each once. */
function checkNotes(rollout: number, { attempt, turns }: SeenAttempt): readonly Finding[] {
  const calls = turns.flatMap((turn) => turn.calls);
  const audit = calls.find(({ name }) => name === AUDIT_TOOL);
  if (audit === undefined || audit.result !== "ok" || audit.output === null) return [];
  // A remote tool's audit shows nothing: what it ran is in its own file.
  if (audit.output === "noted audit") return [];
  const shown = audit.output.split("\n").filter((line) => line !== "");
  const made = calls
    .filter(({ name }) => name === NOTE_TOOL)
    .map(({ argumentsJson }) => markOf(argumentsJson));
  return compareMarks(`rollout ${rollout}, attempt ${attempt}`, shown, made);
}

function checkRemoteMarks({ remoteMarks, logs }: Evidence): readonly Finding[] {
  if (remoteMarks === null) return [];
  const twice = repeated(remoteMarks).map((mark): Finding => ({
    kind: "tools run twice",
    what: `mark ${mark}`,
  }));
  const ran = new Set(remoteMarks);
  const returned = [...logs.values()].flatMap(({ attempts }) =>
    attempts.flatMap(({ turns }) =>
      turns.flatMap(({ calls }) => calls.filter(({ name, result }) => name === NOTE_TOOL && result === "ok")),
    ),
  );
  const unseen = returned.filter(({ argumentsJson }) => !ran.has(markOf(argumentsJson)));
  return [
    ...twice,
    ...unseen.map(({ argumentsJson }) => invented(`mark ${markOf(argumentsJson)} never ran`)),
  ];
}

function compareMarks(where: string, shown: readonly string[], made: readonly string[]): readonly Finding[] {
  const known = new Set(made);
  const seen = new Set(shown);
  return [
    ...repeated(shown).map((mark): Finding => ({ kind: "tools run twice", what: `${where}: ${mark}` })),
    ...shown
      .filter((mark) => !known.has(mark))
      .map((mark) => invented(`${where}: ${mark} ran without a record`)),
    ...made
      .filter((mark) => !seen.has(mark))
      .map((mark) => invented(`${where}: ${mark} is on record and never ran`)),
  ];
}

function repeated(marks: readonly string[]): readonly string[] {
  return [...Map.groupBy(marks, (mark) => mark)].flatMap(([mark, all]) => (all.length > 1 ? [mark] : []));
}

function markOf(argumentsJson: string): string {
  return (JSON.parse(argumentsJson) as { readonly mark: string }).mark;
}

function invented(what: string): Finding {
  return { kind: "invented", what };
}
