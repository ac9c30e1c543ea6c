import type {
  MessagePage,
  OutgoingMessage,
  PublishResult,
  PullOptions,
  RequestResult,
  StoredHeaders,
  StoredMessage,
  Subscription,
} from "../../../src/bus/port.ts";
import { SilentStreams } from "../../../src/bus/silent-streams.ts";
import { streamOf } from "../../../src/bus/stream-settings.ts";
import type { StreamName } from "../../../src/bus/streams.ts";
import type { FakeBus, FakeBusClient, FakeSubscription } from "./fake-bus.ts";
import type { PublishFault } from "./fake-faults.ts";
import { FakeLink, unanswered } from "./fake-link.ts";
import type { LinkStatus } from "./fake-link.ts";
import { pullFrom } from "./fake-pull.ts";
import { subjectMatches } from "./subject-match.ts";

/** How long the real adapter waits for one try of a read. */
const TRY_MS = 2000;
const RETRY_MS = 200;
/** Messages of one answer. */
const PAGE = 1000;
/** A page ends with the message that reaches it. */
const PAGE_BYTES = 256 * 1024;

/** One client of a {@link FakeBus}: the port, over a connection that can be cut. */
export class FakeClient implements FakeBusClient {
  readonly #bus: FakeBus;
  readonly #name: string;
  readonly #link: FakeLink;
  readonly #silent: SilentStreams;
  #answerEpoch = 0;
  #isHeldDown = false;

  constructor(bus: FakeBus, name: string) {
    this.#bus = bus;
    this.#name = name;
    this.#link = new FakeLink(bus.clock);
    this.#silent = new SilentStreams(bus.options.silentAfterMs);
    if (!bus.isUp) this.#link.cut();
  }

  // What a test does to it.

  disconnect(): void {
    this.#isHeldDown = true;
    this.#link.cut();
  }

  reconnect(): void {
    this.#isHeldDown = false;
    this.restore();
  }

  kill(): void {
    this.#link.die();
    this.#bus.forget(this);
  }

  /** The servers stopped. */
  drop(): void {
    this.#link.cut();
  }

  /** The servers are back. */
  restore(): void {
    if (this.#isHeldDown || !this.#bus.isUp) return;
    this.#link.restore();
    this.#bus.changed();
  }

  /** Answers under way are lost though the connection stays. */
  loseAnswers(): void {
    this.#answerEpoch++;
  }

  get isListening(): boolean {
    return this.#link.isConnected && !this.#link.isDead;
  }

  // LogStore

  publish(message: OutgoingMessage): Promise<PublishResult> {
    return this.#link.alive(this.#publish(message));
  }

  async #publish(message: OutgoingMessage): Promise<PublishResult> {
    const { clock, options, faults } = this.#bus;
    const deadlineMs = clock.monotonicMs() + options.publishTimeoutMs;
    if (!(await this.#link.whenConnected(options.publishTimeoutMs))) return { kind: "unknown" };
    const fault = faults.onPublish?.(this.#name, message);
    const sentMs = clock.monotonicMs();
    const answer = this.#exchange(message, fault, this.#link.session);
    const result = await this.#link.before(answer, deadlineMs - clock.monotonicMs());
    this.#noteSilence(message.subject, sentMs, result);
    if (result !== undefined) return result;
    // Cut in between: told only when asking makes sense again.
    await this.#link.whenConnected(Math.max(0, deadlineMs - clock.monotonicMs()));
    return { kind: "unknown" };
  }

  #noteSilence(subject: string, sentMs: number, result: PublishResult | undefined): void {
    const stream = streamOf(subject);
    if (stream === null) return;
    if (result?.kind === "stored") this.#silent.stored(stream);
    else if (result === undefined && this.#link.isConnected)
      this.#silent.unanswered(stream, sentMs, this.#bus.clock.monotonicMs());
  }

  /** There and back; never settles when the way or the answer is lost. */
  async #exchange(
    message: OutgoingMessage,
    fault: PublishFault | undefined,
    session: AbortSignal,
  ): Promise<PublishResult> {
    const lost = (): Promise<PublishResult> => new Promise(() => undefined);
    if (fault === "lost_before") return lost();
    const epoch = this.#answerEpoch;
    await this.#bus.hop();
    if (typeof fault === "object") await this.#bus.clock.sleep(fault.delayMs);
    if (session.aborted) return lost();
    this.#tell(message.subject, message.payload);
    const isRefused = fault === "in_flight" || fault === "full";
    const result: PublishResult = isRefused ? { kind: fault } : await this.#bus.accept(message, this.#name);
    this.#bus.watcher.decided?.(this.#name, message, result);
    if (fault === "lost_after" || epoch !== this.#answerEpoch) return lost();
    await this.#bus.hop();
    return result;
  }

  read(stream: StreamName, subject: string, fromSequence = 1): Promise<readonly StoredMessage[]> {
    return this.#direct(stream, subject, (log) => log.filter((message) => message.sequence >= fromSequence));
  }

  async readPage(stream: StreamName, filter: string, fromSequence: number): Promise<MessagePage> {
    const left = await this.#direct(stream, filter, (log) =>
      log.filter((message) => message.sequence >= fromSequence),
    );
    let bytes = 0;
    const isOver = ({ payload }: StoredMessage, index: number): boolean => {
      const isFull = index === PAGE || bytes >= PAGE_BYTES;
      bytes += payload.length;
      return isFull;
    };
    const end = left.findIndex(isOver);
    return { messages: end === -1 ? left : left.slice(0, end), isLast: end === -1 };
  }

  readLast(
    stream: StreamName,
    subject: string,
    options: { readonly fromLeader?: boolean } = {},
  ): Promise<StoredMessage | null> {
    if (options.fromLeader !== true) return this.#direct(stream, subject, (log) => log.at(-1) ?? null);
    return this.#ask(() => this.#log(stream, subject).at(-1) ?? null);
  }

  /** Of a subject, or of all subjects under a filter. */
  #log(stream: StreamName, filter: string): readonly StoredMessage[] {
    const found = this.#bus.stream(stream);
    return /[*>]/u.test(filter) ? [...found.under(filter, 0)] : found.log(filter);
  }

  /** A direct read: of three replicas, the one that answers may lag. */
  #direct<T>(stream: StreamName, subject: string, look: (log: readonly StoredMessage[]) => T): Promise<T> {
    const log = (): readonly StoredMessage[] => this.#log(stream, subject);
    const fault = this.#bus.faults.onRead?.(this.#name, stream, subject);
    if (fault === "lost") return this.#ask(() => look(log()), TRY_MS);
    if (fault === undefined || this.#bus.options.replicas === 1) return this.#ask(() => look(log()));
    return this.#ask(() => {
      const seenUntilMs = this.#bus.clock.nowMs() - fault.lagMs;
      return look(log().filter((message) => message.storedAtMs <= seenUntilMs));
    });
  }

  // WorkSource

  pull(options: PullOptions): Promise<number> {
    const place = {
      bus: this.#bus,
      link: this.#link,
      client: this.#name,
      queue: this.#bus.queue(options.kind),
    };
    return this.#link.alive(pullFrom(place, options));
  }

  // Messenger

  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<RequestResult> {
    return this.#link.alive(this.#request(subject, payload, timeoutMs));
  }

  async #request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<RequestResult> {
    const deadlineMs = this.#bus.clock.monotonicMs() + timeoutMs;
    if (!(await this.#link.whenConnected(timeoutMs))) return { kind: "timeout" };
    const answer = this.#answer(subject, payload);
    const result = await this.#link.before(answer, Math.max(0, deadlineMs - this.#bus.clock.monotonicMs()));
    return result ?? { kind: "timeout" };
  }

  async #answer(subject: string, payload: Uint8Array): Promise<RequestResult> {
    const lost = (): Promise<RequestResult> => new Promise(() => undefined);
    const fault = this.#bus.faults.onRequest?.(this.#name, subject);
    if (fault === "lost_before") return lost();
    await this.#bus.hop();
    const serving = this.#listeners(subject).filter((entry) => entry.onRequest !== undefined);
    if (serving.length === 0) return { kind: "no_responders" };
    const answers = serving.map(async ({ client, onRequest }) => {
      const answer = await onRequest?.(payload.slice(), subject).catch(() => lost());
      return client.isListening && answer instanceof Uint8Array ? answer : lost();
    });
    const reply = await Promise.race(answers);
    await this.#bus.hop();
    if (fault === "lost_after" || !(reply instanceof Uint8Array)) return lost();
    return { kind: "reply", payload: reply };
  }

  serve(
    filter: string,
    handler: (payload: Uint8Array, subject: string) => Promise<Uint8Array>,
  ): Promise<Subscription> {
    return this.#subscribe({ filter, client: this, onRequest: handler });
  }

  listen(filter: string, handler: (payload: Uint8Array, subject: string) => void): Promise<Subscription> {
    return this.#subscribe({ filter, client: this, onBroadcast: handler });
  }

  broadcast(subject: string, payload: Uint8Array): void {
    if (!this.#link.isConnected) return;
    void this.#bus.hop().then(() => this.#tell(subject, payload));
  }

  #tell(subject: string, payload: Uint8Array): void {
    for (const { client, onBroadcast } of this.#listeners(subject)) {
      if (client.isListening) onBroadcast?.(payload.slice(), subject);
    }
  }

  #listeners(subject: string): readonly FakeSubscription[] {
    const matching = Array.from(this.#bus.subscriptions).filter(({ filter }) =>
      subjectMatches(filter, subject),
    );
    return matching.filter(({ client }) => client.isListening);
  }

  async #subscribe(entry: FakeSubscription): Promise<Subscription> {
    this.#bus.subscriptions.add(entry);
    await this.#link.alive(this.#bus.hop());
    return {
      stop: async () => {
        this.#bus.subscriptions.delete(entry);
        await this.#bus.hop();
      },
    };
  }

  // BusAdmin

  ensureStreams(): Promise<void> {
    return this.#ask(() => undefined);
  }

  releaseWork(): Promise<void> {
    return this.#ask(() => this.#bus.restartQueues());
  }

  async subjects(stream: StreamName, filter: string): Promise<ReadonlyMap<string, number>> {
    await this.#beLate(stream);
    return this.#ask(() => this.#bus.stream(stream).subjects(filter));
  }

  async #beLate(stream: StreamName): Promise<void> {
    const lateMs = this.#bus.faults.onInfo?.(this.#name, stream) ?? 0;
    if (lateMs > 0) await this.#link.alive(this.#bus.clock.sleep(lateMs));
  }

  async *replayHeaders(stream: StreamName, filter: string, fromSequence = 1): AsyncGenerator<StoredHeaders> {
    await this.#beLate(stream);
    const found = await this.#ask(() => [...this.#bus.stream(stream).under(filter, fromSequence)]);
    for (const { subject, sequence, headers, storedAtMs } of found)
      yield { subject, sequence, headers, storedAtMs };
  }

  async *follow(
    stream: StreamName,
    filter: string,
    options: { readonly fromSequence: number; readonly signal: AbortSignal },
  ): AsyncGenerator<StoredMessage> {
    const source = this.#bus.stream(stream);
    let next = options.fromSequence;
    while (!options.signal.aborted && !this.#link.isClosed) {
      const upTo = this.#link.isConnected ? source.lastSequence : next - 1;
      const found = upTo < next ? [] : [...source.under(filter, next)];
      for (const message of found) {
        if (options.signal.aborted) return;
        yield message;
      }
      next = Math.max(next, upTo + 1);
      // Nothing awaited since the look: no change can be missed.
      if (!this.#link.isConnected || source.lastSequence < next) await this.#bus.nextChange(options.signal);
      await this.#link.alive(this.#bus.hop());
    }
  }

  purge(stream: StreamName, filter: string): Promise<void> {
    return this.#ask(() => this.#bus.purge(stream, filter));
  }

  streamState(stream: StreamName): Promise<{ usedBytes: number; maxBytes: number; lastSequence: number }> {
    return this.#ask(() => {
      const { usedBytes, lastSequence, limits } = this.#bus.stream(stream);
      return { usedBytes, maxBytes: limits.maxBytes, lastSequence };
    });
  }

  // Bus

  silentStreams(): readonly StreamName[] {
    return this.#silent.at(this.#bus.clock.monotonicMs());
  }

  onStatus(handler: (status: LinkStatus) => void): void {
    this.#link.onStatus(handler);
  }

  async close(): Promise<void> {
    this.#link.close();
    this.#bus.forget(this);
    this.#bus.changed();
    await this.#bus.hop();
  }

  /** A question that is asked again until it is answered. */
  #ask<T>(look: () => T, lateMs = 0): Promise<T> {
    return this.#link.alive(this.#askUntilAnswered(look, lateMs));
  }

  async #askUntilAnswered<T>(look: () => T, lateMs: number): Promise<T> {
    const { clock, options } = this.#bus;
    const deadlineMs = clock.monotonicMs() + options.requestTimeoutMs;
    if (lateMs > 0) await clock.sleep(Math.min(lateMs, options.requestTimeoutMs));
    for (;;) {
      const remainingMs = deadlineMs - clock.monotonicMs();
      if (remainingMs <= 0 || this.#link.isClosed) throw unanswered();
      if (!(await this.#link.whenConnected(remainingMs))) continue;
      const answer = await this.#link.before(this.#lookThere(look), TRY_MS);
      if (answer !== undefined) return answer.value;
      await clock.sleep(RETRY_MS);
    }
  }

  async #lookThere<T>(look: () => T): Promise<{ readonly value: T }> {
    await this.#bus.hop();
    const value = look();
    await this.#bus.hop();
    return { value };
  }
}
