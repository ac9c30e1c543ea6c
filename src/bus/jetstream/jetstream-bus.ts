import type {
  Bus,
  MessagePage,
  OutgoingMessage,
  PublishResult,
  PullOptions,
  RequestResult,
  StoredHeaders,
  StoredMessage,
  Subscription,
} from "../port.ts";
import type { DeliveryTable } from "../delivery-table.ts";
import type { BusInspector, StreamFill, WorkState } from "../inspection.ts";
import type { Clock } from "../../lib/clock.ts";
import type { BusMetrics } from "../../telemetry/metrics-port.ts";
import type { StreamSizing } from "../stream-settings.ts";
import type { StreamName } from "../streams.ts";
import { followStream, listSubjects, purgeSubjects, readStreamState, replayHeaders } from "./admin.ts";
import type { StreamState } from "./admin.ts";
import type { BusConnection, ConnectionStatus } from "./connection.ts";
import { ensureStreams, remakeConsumers } from "./ensure-streams.ts";
import { streamFills, workStates } from "./inspect.ts";
import { listen, request, serve } from "./messenger.ts";
import { Publisher } from "./publisher.ts";
import { Reader } from "./reader.ts";
import { pullWork } from "./work-puller.ts";

/** What a bus on JetStream is made with. */
export interface JetStreamBusOptions {
  readonly sizing: StreamSizing;
  readonly publishTimeoutMs: number;
  readonly silentAfterMs: number | undefined;
  readonly clock: Clock;
  readonly metrics: BusMetrics;
  readonly deliveries?: DeliveryTable;
  readonly beforePublish?: (subject: string) => Promise<void>;
}

/** The bus on a real JetStream; each method is a part of its own in this folder. */
export class JetStreamBus implements Bus, BusInspector {
  readonly #connection: BusConnection;
  readonly #sizing: StreamSizing;
  readonly #clock: Clock;
  readonly #metrics: BusMetrics;
  readonly #deliveries: DeliveryTable | undefined;
  readonly #beforePublish: JetStreamBusOptions["beforePublish"];
  readonly #publisher: Publisher;
  readonly #reader: Reader;

  constructor(connection: BusConnection, options: JetStreamBusOptions) {
    this.#connection = connection;
    this.#sizing = options.sizing;
    this.#clock = options.clock;
    this.#metrics = options.metrics;
    this.#deliveries = options.deliveries;
    this.#beforePublish = options.beforePublish;
    this.#publisher = new Publisher(connection, options);
    this.#reader = new Reader(connection);
  }

  async publish(message: OutgoingMessage): Promise<PublishResult> {
    if (this.#beforePublish !== undefined) await this.#beforePublish(message.subject);
    const startedMs = this.#clock.monotonicMs();
    const result = await this.#publisher.publish(message);
    this.#metrics.published((this.#clock.monotonicMs() - startedMs) / 1000);
    return result;
  }

  read(stream: StreamName, subject: string, fromSequence?: number): Promise<readonly StoredMessage[]> {
    return this.#reader.read(stream, subject, fromSequence);
  }

  readPage(stream: StreamName, filter: string, fromSequence: number): Promise<MessagePage> {
    return this.#reader.readPage(stream, filter, fromSequence);
  }

  readLast(
    stream: StreamName,
    subject: string,
    options: { readonly fromLeader?: boolean } = {},
  ): Promise<StoredMessage | null> {
    return options.fromLeader === true
      ? this.#reader.readLastFromLeader(stream, subject)
      : this.#reader.readLast(stream, subject);
  }

  pull(options: PullOptions): Promise<number> {
    return pullWork(this.#connection, {
      ...options,
      onDelivery: (delivery) => {
        if (delivery.deliveries > 1) this.#metrics.redelivered();
        options.onDelivery(this.#deliveries?.watch(delivery) ?? delivery);
      },
    });
  }

  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<RequestResult> {
    return request(this.#connection, subject, { payload, timeoutMs });
  }

  serve(
    filter: string,
    handler: (payload: Uint8Array, subject: string) => Promise<Uint8Array>,
  ): Promise<Subscription> {
    return serve(this.#connection, filter, handler);
  }

  broadcast(subject: string, payload: Uint8Array): void {
    if (this.#connection.isConnected) this.#connection.nats.publish(subject, payload);
  }

  listen(filter: string, handler: (payload: Uint8Array, subject: string) => void): Promise<Subscription> {
    return listen(this.#connection, filter, handler);
  }

  releaseWork(): Promise<void> {
    return remakeConsumers(this.#connection, this.#sizing);
  }

  ensureStreams(): Promise<void> {
    return ensureStreams(this.#connection, this.#sizing);
  }

  subjects(stream: StreamName, filter: string): Promise<ReadonlyMap<string, number>> {
    return listSubjects(this.#connection, stream, filter);
  }

  replayHeaders(stream: StreamName, filter: string, fromSequence = 1): AsyncIterable<StoredHeaders> {
    return replayHeaders(this.#connection, { stream, filter, fromSequence });
  }

  follow(
    stream: StreamName,
    filter: string,
    options: { readonly fromSequence: number; readonly signal: AbortSignal },
  ): AsyncIterable<StoredMessage> {
    return followStream(
      this.#connection,
      { stream, filter, fromSequence: options.fromSequence },
      options.signal,
    );
  }

  purge(stream: StreamName, filter: string): Promise<void> {
    return purgeSubjects(this.#connection, stream, filter);
  }

  streamState(stream: StreamName): Promise<StreamState> {
    return readStreamState(this.#connection, stream);
  }

  streamFills(): Promise<readonly StreamFill[]> {
    return streamFills(this.#connection);
  }

  workStates(): Promise<readonly WorkState[]> {
    return workStates(this.#connection);
  }

  silentStreams(): readonly StreamName[] {
    return this.#publisher.silentStreams();
  }

  onStatus(handler: (status: ConnectionStatus) => void): void {
    this.#connection.onStatus(handler);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
