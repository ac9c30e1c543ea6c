import type { Bus, OutgoingMessage, PublishResult, StoredMessage } from "../../../src/bus/port.ts";
import { LOCAL_MAX_BYTES, STREAM_NAMES, streamOf } from "../../../src/bus/stream-settings.ts";
import { WORK_KINDS } from "../../../src/bus/streams.ts";
import type { StreamName, WorkKind } from "../../../src/bus/streams.ts";
import { parseWorkSubject } from "../../../src/bus/subjects.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { FakeClient } from "./fake-client.ts";
import type { FakeBusFaults } from "./fake-faults.ts";
import { FakeStream } from "./fake-stream.ts";
import { FakeWorkQueue } from "./fake-work-queue.ts";

/** What the simulated servers are like. Times are milliseconds. */
export interface FakeBusOptions {
  /** One server, or a group of three: that has commits in flight (10164) and replicas that lag. */
  readonly replicas: 1 | 3;
  readonly clock?: Clock;
  readonly faults?: FakeBusFaults;
  readonly ackWaitMs?: number;
  readonly maxBytes?: Partial<Readonly<Record<StreamName, number>>>;
  /** One way between client and server; 0 = the next turn of the event loop. */
  readonly latencyMs?: number;
  /** From proposal to commit, with three replicas. */
  readonly commitMs?: number;
  readonly publishTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly silentAfterMs?: number;
  readonly watcher?: FakeBusWatcher;
}

/** Sees what happens on the servers, as it happens. */
export interface FakeBusWatcher {
  /** A message is stored; `client` is its publisher's name. */
  stored?(stream: StreamName, message: StoredMessage, client: string): void;
  /** A delivery's acknowledgement wait is over. */
  expired?(kind: WorkKind, message: StoredMessage): void;
  /** A publish has been decided. */
  decided?(client: string, message: OutgoingMessage, result: PublishResult): void;
  /** Work is handed over. */
  delivered?(client: string, message: StoredMessage, deliveries: number): void;
  /** An acknowledgement, nak or beat arrives. */
  acknowledged?(client: string, subject: string, kind: "ack" | "nak" | "working"): void;
  /** Messages under a filter are gone. */
  purged?(stream: StreamName, filter: string): void;
}

/** A client of the fake, with what only a test does to it. */
export interface FakeBusClient extends Bus {
  /** Cuts the connection; it stays cut until `reconnect`. */
  disconnect(): void;
  reconnect(): void;
  /** As a process that is gone: nothing it waits for ever settles, its pulls and subscriptions are closed. */
  kill(): void;
}

/** Servings and listenings of all clients. */
export interface FakeSubscription {
  readonly filter: string;
  readonly client: FakeClient;
  readonly onRequest?: (payload: Uint8Array, subject: string) => Promise<Uint8Array>;
  readonly onBroadcast?: (payload: Uint8Array, subject: string) => void;
}

interface Accepted {
  readonly name: StreamName;
  readonly message: OutgoingMessage;
  readonly client: string;
}

/**
 * JetStream in memory, as the protocol relies on it: expected sequences, one slot a subject, work queues with
 * redelivery, lagging replicas, outages. It passes the same contract suite as the real servers, and is
 * deterministic under a simulated clock.
 */
export class FakeBus {
  readonly clock: Clock;
  readonly options: Required<Omit<FakeBusOptions, "clock" | "maxBytes" | "faults" | "watcher">>;
  readonly faults: FakeBusFaults;
  readonly watcher: FakeBusWatcher;
  readonly subscriptions = new Set<FakeSubscription>();
  readonly #streams: ReadonlyMap<StreamName, FakeStream>;
  readonly #queues: ReadonlyMap<WorkKind, FakeWorkQueue>;
  readonly #clients = new Set<FakeClient>();
  readonly #inFlight = new Map<string, number>();
  readonly #waiters = new Set<() => void>();
  #isUp = true;
  #hasFullDisk = false;
  #isFrozen = false;

  constructor(options: FakeBusOptions) {
    const { clock = systemClock, maxBytes = {}, faults = {}, watcher = {}, ...rest } = options;
    this.clock = clock;
    this.faults = faults;
    this.watcher = watcher;
    this.options = {
      ackWaitMs: 60_000,
      latencyMs: 0,
      commitMs: 2,
      publishTimeoutMs: 5000,
      requestTimeoutMs: 10_000,
      silentAfterMs: 10_000,
      ...rest,
    };
    const bytes = { ...LOCAL_MAX_BYTES, ...maxBytes };
    this.#streams = new Map(
      STREAM_NAMES.map((name) => [
        name,
        new FakeStream({ maxBytes: bytes[name], onePerSubject: name === "work" }),
      ]),
    );
    const remove = (sequence: number): void => this.stream("work").remove(sequence);
    const { ackWaitMs } = this.options;
    const queueOf = (kind: WorkKind): FakeWorkQueue =>
      new FakeWorkQueue({
        clock,
        ackWaitMs,
        remove,
        onExpired: (message) => watcher.expired?.(kind, message),
      });
    this.#queues = new Map(WORK_KINDS.map((kind) => [kind, queueOf(kind)]));
  }

  /** A client; its name tells it from others in {@link FakeBusFaults}. */
  connect(name: string): FakeBusClient {
    const client = new FakeClient(this, name);
    this.#clients.add(client);
    return client;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** All servers stop; the streams stay, and acknowledgement waits run on, as they do for real. */
  down(): void {
    this.#isUp = false;
    for (const client of this.#clients) client.drop();
  }

  up(): void {
    this.#isUp = true;
    this.#isFrozen = this.#hasFullDisk;
    for (const client of this.#clients) client.restore();
    this.changed();
  }

  /** Nothing more can be stored, and nobody says so: not until there is room and the servers were started again. */
  fillDisk(): void {
    this.#hasFullDisk = true;
    this.#isFrozen = true;
  }

  freeDisk(): void {
    this.#hasFullDisk = false;
  }

  /** Another server leads: answers under way are lost, open pulls end, what was in flight is settled. */
  changeLeader(): void {
    this.#inFlight.clear();
    for (const client of this.#clients) client.loseAnswers();
    for (const queue of this.#queues.values()) queue.endPulls();
  }

  /** Hands out again all work that is under way, as after an outage, though its owners live. */
  redeliver(): void {
    for (const queue of this.#queues.values()) queue.redeliver();
  }

  restartQueues(): void {
    for (const queue of this.#queues.values()) queue.restart();
  }

  /** Ends all timers. */
  stop(): void {
    for (const queue of this.#queues.values()) queue.stop();
    this.changed();
  }

  forget(client: FakeClient): void {
    this.#clients.delete(client);
    for (const entry of this.subscriptions) if (entry.client === client) this.subscriptions.delete(entry);
  }

  stream(name: StreamName): FakeStream {
    const found = this.#streams.get(name);
    if (found === undefined) throw new TypeError(`no stream ${name}`);
    return found;
  }

  queue(kind: WorkKind): FakeWorkQueue {
    const found = this.#queues.get(kind);
    if (found === undefined) throw new TypeError(`no work ${kind}`);
    return found;
  }

  /** One way over the network. */
  async hop(): Promise<void> {
    await this.clock.sleep(this.options.latencyMs);
  }

  /** The server's part of a publish. With three replicas a subject with a commit in flight refuses expectations. */
  async accept(message: OutgoingMessage, client: string): Promise<PublishResult> {
    const name = streamOf(message.subject);
    if (name === null) return { kind: "unknown" };
    const stream = this.stream(name);
    const outgoing = { name, message, client };
    if (this.#isFrozen) return stream.check(message) ?? new Promise(() => undefined);
    if (this.options.replicas === 1) return stream.check(message) ?? this.#store(outgoing);
    if (this.#inFlight.has(message.subject)) {
      if (message.expectedLastSequence !== undefined) return { kind: "in_flight" };
      if (stream.limits.onePerSubject) return { kind: "slot_taken" };
    }
    return stream.check(message) ?? this.#commit(outgoing);
  }

  /** A message put there by something that is no writer of ours, without any header. */
  inject(subject: string, payload: Uint8Array): void {
    const name = streamOf(subject);
    if (name !== null) this.#store({ name, message: { subject, payload }, client: "nobody" });
  }

  async #commit(outgoing: Accepted): Promise<PublishResult> {
    const { name, message } = outgoing;
    const { subject } = message;
    this.#inFlight.set(subject, (this.#inFlight.get(subject) ?? 0) + 1);
    await this.clock.sleep(this.options.commitMs);
    const left = (this.#inFlight.get(subject) ?? 1) - 1;
    if (left > 0) this.#inFlight.set(subject, left);
    else this.#inFlight.delete(subject);
    // A proposal of a deposed leader may meet what came in between.
    return this.stream(name).check(message) ?? this.#store(outgoing);
  }

  #store({ name, message, client }: Accepted): PublishResult {
    const stored = this.stream(name).append(message, this.clock.nowMs());
    this.#dropOlderValue(name, stored);
    this.watcher.stored?.(name, stored, client);
    const kind = name === "work" ? parseWorkSubject(message.subject)?.kind : undefined;
    if (kind !== undefined) this.queue(kind).add(stored);
    this.changed();
    return { kind: "stored", sequence: stored.sequence };
  }

  /** A bucket keeps one value a key. */
  #dropOlderValue(name: StreamName, stored: StoredMessage): void {
    if (name !== "specs") return;
    for (const { sequence } of this.stream(name).log(stored.subject)) {
      if (sequence < stored.sequence) this.stream(name).remove(sequence);
    }
  }

  purge(name: StreamName, filter: string): void {
    this.stream(name).purge(filter);
    this.watcher.purged?.(name, filter);
    if (name !== "work") return;
    for (const queue of this.#queues.values()) queue.forget((sequence) => this.stream("work").has(sequence));
  }

  /** Wakes all who follow. */
  changed(): void {
    for (const wake of Array.from(this.#waiters)) wake();
  }

  /** Resolves at the next change, or when the signal aborts. */
  async nextChange(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
