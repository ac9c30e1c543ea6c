import { workConsumer } from "./stream-settings.ts";
import { STREAMS, WORK_KINDS } from "./streams.ts";
import type { StreamName, WorkKind } from "./streams.ts";

/** The services that have a NATS user of their own. */
export const SERVICE_USERS = ["controller", "worker", "grader", "gateway"] as const;

/** One of {@link SERVICE_USERS}. */
export type ServiceUser = (typeof SERVICE_USERS)[number];

/** A user's permissions as the server's configuration has them. */
export interface NatsPermissions {
  readonly publish: { readonly allow: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
  /** Answering a request is publishing to its reply subject; this allows only replies to what was received. */
  readonly allow_responses?: { readonly max: number; readonly expires: string };
}

/**
 * What each service may do: just its subjects, the reading of its streams and its own inbox. An inbox of its own
 * keeps others from reading its replies; no general `_INBOX.>` keeps them from forging acknowledgements.
 * The table and its reasons: docs/architecture.md, "Who may do what".
 */
export function permissionsOf(user: ServiceUser): NatsPermissions {
  return { worker, grader, controller, gateway }[user]();
}

const ANSWERS = { max: 1, expires: "5m" } as const;

function worker(): NatsPermissions {
  return {
    publish: {
      allow: [
        "rollyard.events.>",
        "rollyard.blobs.>",
        "rollyard.work.grade.>",
        "rollyard.work.settle.>",
        "rollyard.claims.>",
        "rollyard.secrets.>",
        "rollyard.slots.>",
        "rollyard.driver.*",
        "rollyard.silent.>",
        ...takesWork("rollout"),
        ...reads("events", "blobs", "specs"),
      ],
    },
    // All workers are one user, so each may hear what another is asked: docs/adr/0050.
    subscribe: { allow: [inbox("worker"), "rollyard.control.*", "rollyard.driver.*"] },
    allow_responses: ANSWERS,
  };
}

function grader(): NatsPermissions {
  return {
    publish: {
      allow: [
        "rollyard.outcomes.>",
        "rollyard.regrades.>",
        "rollyard.blobs.>",
        "rollyard.work.settle.>",
        "rollyard.claims.>",
        "rollyard.secrets.>",
        "rollyard.silent.>",
        ...takesWork("grade"),
        ...reads("events", "outcomes", "blobs", "specs"),
      ],
    },
    subscribe: { allow: [inbox("grader")] },
  };
}

function gateway(): NatsPermissions {
  return {
    publish: {
      allow: [
        "rollyard.traces.>",
        "rollyard.blobs.>",
        "rollyard.work.grade.>",
        "rollyard.work.settle.>",
        "rollyard.claims.>",
        "rollyard.secrets.>",
        "rollyard.silent.>",
        "rollyard.uploaded.>",
        ...reads("outcomes", "regrades", "events", "blobs", "specs"),
        // It watches which environments are served.
        ...follows("specs"),
      ],
    },
    // What it may read of outcomes anyway, as it is sent: who asked for a grade need not look again and again.
    subscribe: { allow: [inbox("gateway"), "rollyard.outcomes.>"] },
  };
}

function controller(): NatsPermissions {
  const streams = Object.keys(STREAMS) as StreamName[];
  return {
    publish: {
      allow: [
        "rollyard.work.rollout.>",
        // Of traces whose gateway ended before it could ask for the grade.
        "rollyard.work.grade.>",
        "rollyard.outcomes.>",
        "rollyard.leases.>",
        "rollyard.events.>",
        "rollyard.traces.>",
        "rollyard.blobs.>",
        "rollyard.regrades.>",
        "rollyard.control.>",
        "rollyard.driver.*",
        "rollyard.silent.>",
        "$KV.rollyard-specs.>",
        ...streams.flatMap(administers),
        ...reads(...streams),
        ...streams.flatMap(follows),
        ...takesWork("rollout"),
        ...takesWork("grade"),
        ...takesWork("settle"),
        ...WORK_KINDS.map((kind) => `$JS.API.CONSUMER.INFO.${STREAMS.work}.${workConsumer(kind)}`),
      ],
    },
    subscribe: {
      allow: [
        inbox("controller"),
        "rollyard.claims.>",
        "rollyard.secrets.>",
        "rollyard.slots.>",
        "rollyard.silent.>",
        "rollyard.uploaded.>",
      ],
    },
    allow_responses: ANSWERS,
  };
}

/** Pull and acknowledge on one kind's consumer; the second form of acknowledgement is that of newer servers. */
function takesWork(kind: WorkKind): readonly string[] {
  const consumer = `${STREAMS.work}.${workConsumer(kind)}`;
  return [`$JS.API.CONSUMER.MSG.NEXT.${consumer}`, `$JS.ACK.${consumer}.>`, `$JS.ACK.*.*.${consumer}.>`];
}

function reads(...streams: readonly StreamName[]): readonly string[] {
  return streams.flatMap((stream) => [
    `$JS.API.DIRECT.GET.${STREAMS[stream]}`,
    `$JS.API.STREAM.MSG.GET.${STREAMS[stream]}`,
  ]);
}

function follows(stream: StreamName): readonly string[] {
  const name = STREAMS[stream];
  return [
    `$JS.API.CONSUMER.CREATE.${name}.>`,
    `$JS.API.CONSUMER.DELETE.${name}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${name}.*`,
  ];
}

/** Streams can be made, changed and purged, never deleted. */
function administers(stream: StreamName): readonly string[] {
  return ["CREATE", "UPDATE", "INFO", "PURGE"].map((verb) => `$JS.API.STREAM.${verb}.${STREAMS[stream]}`);
}

/** Prefix of a user's inboxes; nobody else may listen there. */
export function inboxPrefixOf(user: string | undefined): string {
  return user === undefined ? "_INBOX" : `_INBOX_${user}`;
}

function inbox(user: ServiceUser): string {
  return `${inboxPrefixOf(user)}.>`;
}
