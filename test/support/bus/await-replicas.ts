import { connect } from "nats";
import type { NatsServer } from "../../../src/bus/nats-server-process.ts";
import { STREAMS } from "../../../src/bus/streams.ts";

/** What STREAM.INFO says of a stream's group. */
interface StreamGroup {
  readonly error?: { readonly code: number };
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
  };
}

const POLL_MS = 50;

/**
 * Resolves once every stream that exists has a leader and replicas that have caught up: what an operator waits for
 * before the next member of a cluster is restarted.
 */
export async function awaitReplicas(servers: readonly NatsServer[]): Promise<void> {
  const [first] = servers;
  if (first === undefined || servers.length === 1) return;
  const { user, password } = first.login("controller");
  const nats = await connect({
    servers: servers.map(({ address }) => address),
    user,
    pass: password,
    inboxPrefix: `_INBOX_${user}`,
  });
  try {
    for (const stream of Object.values(STREAMS)) {
      const subject = `$JS.API.STREAM.INFO.${stream}`;
      const ask = async (): Promise<StreamGroup | null> =>
        nats.request(subject, "", { timeout: 2000 }).then(
          (reply) => reply.json<StreamGroup>(),
          () => null,
        );
      while (!isCurrent(await ask())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await nats.close();
  }
}

function isCurrent(group: StreamGroup | null): boolean {
  if (group === null) return false;
  if (group.error !== undefined) return group.error.code === 404;
  const { leader = "", replicas = [] } = group.cluster ?? {};
  return leader !== "" && replicas.every(({ current, offline }) => current && offline !== true);
}
