import { SERVICE_USERS } from "../../../src/bus/permissions.ts";
import type { NatsPermissions, ServiceUser } from "../../../src/bus/permissions.ts";
import { workConsumer } from "../../../src/bus/stream-settings.ts";
import { STREAMS, WORK_KINDS } from "../../../src/bus/streams.ts";
import type { StreamName, WorkKind } from "../../../src/bus/streams.ts";

/** Who may publish on subjects and who may hear them. */
export interface SubjectRights {
  readonly publish: readonly ServiceUser[];
  readonly hear: readonly ServiceUser[];
}

/** Subjects, by a pattern of the server, and who may do what with them. */
export interface SubjectRow extends SubjectRights {
  readonly pattern: string;
}

const ALL = SERVICE_USERS;
const SERVED = ["worker", "grader", "gateway"] as const;
const CONTROLLER = ["controller"] as const;

/** The subjects that streams store: who writes them. */
const STORED: Readonly<Record<string, readonly ServiceUser[]>> = {
  "rollyard.work.rollout.>": CONTROLLER,
  "rollyard.work.grade.>": ["controller", "worker", "gateway"],
  "rollyard.work.settle.>": SERVED,
  "rollyard.events.>": ["controller", "worker"],
  "rollyard.traces.>": ["controller", "gateway"],
  "rollyard.outcomes.>": ["controller", "grader"],
  "rollyard.regrades.>": ["controller", "grader"],
  "rollyard.leases.>": CONTROLLER,
  "rollyard.blobs.>": ALL,
  "$KV.rollyard-specs.>": CONTROLLER,
};

/** Who hears what a stream stores as it passes; of all others nobody does. */
const PASSING: Readonly<Record<string, readonly ServiceUser[]>> = { "rollyard.outcomes.>": ["gateway"] };

/** The subjects that nobody stores: requests and hints. */
export const CORE: Readonly<Record<string, SubjectRights>> = {
  "rollyard.claims.>": { publish: SERVED, hear: CONTROLLER },
  "rollyard.secrets.>": { publish: SERVED, hear: CONTROLLER },
  "rollyard.slots.>": { publish: ["worker"], hear: CONTROLLER },
  "rollyard.driver.*": { publish: ["controller", "worker"], hear: ["worker"] },
  "rollyard.control.>": { publish: CONTROLLER, hear: ["worker"] },
  "rollyard.silent.>": { publish: ALL, hear: CONTROLLER },
  "rollyard.uploaded.>": { publish: ["gateway"], hear: CONTROLLER },
};

/** Who reads a stream, from its replicas and from its leader. */
export const READERS: Readonly<Record<StreamName, readonly ServiceUser[]>> = {
  work: CONTROLLER,
  events: ALL,
  outcomes: ["controller", "grader", "gateway"],
  regrades: ["controller", "gateway"],
  leases: CONTROLLER,
  blobs: ALL,
  specs: ALL,
};

/** Who makes consumers of a stream that last as long as they are read. */
const FOLLOWERS: Readonly<Record<StreamName, readonly ServiceUser[]>> = {
  work: CONTROLLER,
  events: CONTROLLER,
  outcomes: CONTROLLER,
  regrades: CONTROLLER,
  leases: CONTROLLER,
  blobs: CONTROLLER,
  specs: ["controller", "gateway"],
};

/** Who takes work of a kind, and acknowledges it. */
export const TAKERS: Readonly<Record<WorkKind, readonly ServiceUser[]>> = {
  rollout: ["controller", "worker"],
  grade: ["controller", "grader"],
  settle: CONTROLLER,
};

/** What no service may do, whatever stream it is. */
const NEVER: readonly string[] = [
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.LIST",
  "$JS.API.SERVER.>",
  "$JS.API.META.>",
  "$JS.API.ACCOUNT.>",
  "$SYS.>",
  "_INBOX.>",
  "rollyard.else.>",
];

/** The whole table: each row's subjects, and who may do what. A subject belongs to its most special row. */
export const WHO_MAY_DO_WHAT: readonly SubjectRow[] = [
  ...rowsOf(STORED),
  ...Object.entries(CORE).map(([pattern, rights]) => ({ pattern, ...rights })),
  ...(Object.keys(STREAMS) as StreamName[]).flatMap(streamRows),
  ...WORK_KINDS.flatMap((kind) => workRows(kind, TAKERS[kind])),
  ...SERVICE_USERS.map((user) => ({ pattern: `_INBOX_${user}.>`, publish: [], hear: [user] })),
  ...NEVER.map((pattern) => ({ pattern, publish: [], hear: [] })),
];

function rowsOf(publishers: Readonly<Record<string, readonly ServiceUser[]>>): readonly SubjectRow[] {
  return Object.entries(publishers).map(([pattern, publish]) => ({
    pattern,
    publish,
    hear: PASSING[pattern] ?? [],
  }));
}

function streamRows(stream: StreamName): readonly SubjectRow[] {
  const name = STREAMS[stream];
  return rowsOf({
    ...Object.fromEntries(
      ["CREATE", "UPDATE", "INFO", "PURGE"].map((verb) => [`$JS.API.STREAM.${verb}.${name}`, CONTROLLER]),
    ),
    ...Object.fromEntries(
      ["DELETE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN", "PEER.REMOVE"].map((verb) => [
        `$JS.API.STREAM.${verb}.${name}`,
        [],
      ]),
    ),
    [`$JS.API.DIRECT.GET.${name}`]: READERS[stream],
    [`$JS.API.STREAM.MSG.GET.${name}`]: READERS[stream],
    [`$JS.API.CONSUMER.CREATE.${name}.>`]: FOLLOWERS[stream],
    [`$JS.API.CONSUMER.DELETE.${name}.*`]: FOLLOWERS[stream],
    [`$JS.API.CONSUMER.MSG.NEXT.${name}.*`]: FOLLOWERS[stream],
    [`$JS.API.CONSUMER.INFO.${name}.*`]: [],
    [`$JS.API.CONSUMER.NAMES.${name}`]: [],
    [`$JS.API.CONSUMER.LIST.${name}`]: [],
    [`$JS.ACK.${name}.>`]: [],
    [`$JS.ACK.*.*.${name}.>`]: [],
  });
}

function workRows(kind: WorkKind, takers: readonly ServiceUser[]): readonly SubjectRow[] {
  const consumer = `${STREAMS.work}.${workConsumer(kind)}`;
  return rowsOf({
    [`$JS.API.CONSUMER.MSG.NEXT.${consumer}`]: takers,
    [`$JS.ACK.${consumer}.>`]: takers,
    [`$JS.ACK.*.*.${consumer}.>`]: takers,
    [`$JS.API.CONSUMER.INFO.${consumer}`]: CONTROLLER,
  });
}

/** What the table says of a subject; null when it says nothing. */
export function rightsOn(subject: string): SubjectRights | null {
  const rows = WHO_MAY_DO_WHAT.filter(({ pattern }) => matches(subject, pattern));
  const [row] = rows.toSorted((a, b) => literals(b.pattern) - literals(a.pattern));
  return row ?? null;
}

/**
 * Subjects to try: one for each row of the table, and one for each that any user's permissions name, so that what is allowed and
 * is in no row is tried as well.
 */
export function subjectsToTry(permissions: readonly NatsPermissions[]): readonly string[] {
  const allowed = permissions.flatMap(({ publish, subscribe }) => [...publish.allow, ...subscribe.allow]);
  const patterns = [...WHO_MAY_DO_WHAT.map(({ pattern }) => pattern), ...allowed];
  return [...new Set(patterns.map(sampleOf))].toSorted();
}

/** A subject that a pattern matches. */
function sampleOf(pattern: string): string {
  return pattern
    .split(".")
    .map((token) => ({ "*": "any", ">": "any" })[token] ?? token)
    .join(".");
}

function matches(subject: string, pattern: string): boolean {
  const [have, want] = [subject.split("."), pattern.split(".")];
  if (want.at(-1) === ">") {
    const head = want.slice(0, -1);
    return have.length > head.length && tokensMatch(have.slice(0, head.length), head);
  }
  return tokensMatch(have, want);
}

function tokensMatch(have: readonly string[], want: readonly string[]): boolean {
  return have.length === want.length && want.every((token, index) => token === "*" || token === have[index]);
}

function literals(pattern: string): number {
  return pattern.split(".").filter((token) => token !== "*" && token !== ">").length;
}
