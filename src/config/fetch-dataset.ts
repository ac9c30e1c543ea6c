import { createHash } from "node:crypto";
import type { Agent, Response, fetch as undiciFetch } from "undici";
import { RollyardError } from "../errors/rollyard-error.ts";
import { anywhere } from "./dataset-reach.ts";
import type { DatasetReach } from "./dataset-reach.ts";

/** Gets the bytes behind a URL, checked against their SHA-256 (64 lower-case hex digits). */
export type FetchDataset = (url: string, sha256: string) => Promise<Uint8Array>;

/** How far a download may go. */
export interface FetchLimits {
  readonly maxMiB: number;
  /** Of the whole download. */
  readonly timeoutMs: number;
  readonly reach: DatasetReach;
}

/** On a user's own machine. */
const LOCAL_LIMITS: FetchLimits = { maxMiB: 1024, timeoutMs: 300_000, reach: anywhere };
const MIB = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
const MOST_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Makes what downloads over http(s), following redirects to wherever the limits let it.
 * It throws `dataset_not_found` when the server does not give it, `dataset_invalid` when the bytes are others or too many.
 */
export function createFetchDataset({ maxMiB, timeoutMs, reach }: FetchLimits): FetchDataset {
  return async (url, sha256) => {
    // A controller whose jobs name no url does without: it takes 25 MB.
    const { Agent, fetch } = await import("undici");
    const agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS, lookup: reach.lookup } });
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await open(new URL(url), { reach, fetch, agent, signal });
      const bytes = await readWhole(response, maxMiB);
      const found = createHash("sha256").update(bytes).digest("hex");
      if (found === sha256) return bytes;
      const message = `has another SHA-256: ${found}`;
      throw new RollyardError("dataset_invalid", { message, details: { reason: "WrongSha256" } });
    } catch (thrown) {
      throw asOurs(thrown, signal, timeoutMs);
    } finally {
      await agent.destroy();
    }
  };
}

/** {@link createFetchDataset} for a user's own machine. */
export const fetchDataset: FetchDataset = createFetchDataset(LOCAL_LIMITS);

interface Connection {
  readonly reach: DatasetReach;
  readonly fetch: typeof undiciFetch;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

async function open(url: URL, { reach, fetch, agent, signal }: Connection): Promise<Response> {
  let next = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    reach.check(next);
    const response = await fetch(next.href, { dispatcher: agent, redirect: "manual", signal });
    if (response.ok) return response;
    await response.body?.cancel();
    const location = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || location === null) throw refused(response.status);
    next = redirected(location, next);
  }
  throw notFound(`the server redirects more than ${MOST_REDIRECTS} times`);
}

function redirected(location: string, from: URL): URL {
  const to = URL.parse(location, from.href);
  if (to?.protocol === "http:" || to?.protocol === "https:") return to;
  throw notFound("the server redirects to what is no http:// or https:// URL");
}

async function readWhole(response: Response, maxMiB: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).length;
    if (size > maxMiB * MIB) throw tooLarge(maxMiB);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxMiB: number): RollyardError {
  return new RollyardError("dataset_invalid", {
    message: `is larger than ${maxMiB} MiB, which is the most that is read from a url`,
    details: { reason: "TooLarge" },
  });
}

function refused(status: number): RollyardError {
  return notFound(`the server answers ${status}`, { status });
}

function notFound(why: string, details: Readonly<Record<string, number>> = {}): RollyardError {
  return new RollyardError("dataset_not_found", { message: `can't be downloaded: ${why}`, details });
}

/** Ours may stand behind the errors of the connection. */
function asOurs(thrown: unknown, signal: AbortSignal, timeoutMs: number): RollyardError {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RollyardError) return cause;
  }
  if (signal.aborted) return notFound(`it took longer than ${Math.round(timeoutMs / 1000)} s`);
  return new RollyardError("dataset_not_found", {
    message: "can't be downloaded: no answer",
    cause: thrown,
  });
}
