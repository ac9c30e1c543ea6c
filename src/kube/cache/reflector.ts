import { RollyardError } from "../../errors/rollyard-error.ts";
import { objectOrEmpty, textOrUndefined } from "../../lib/half-valid.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { KubeClient } from "../kube-client.ts";
import { objectKey } from "../kube-object.ts";
import type { KubeObject } from "../kube-object.ts";
import { resourcePath } from "../resource-path.ts";
import type { ApiResource, ResourcePlace } from "../resource-path.ts";
import type { KubeTransport } from "../transport/kube-transport.ts";
import type { Cached, ObjectStore } from "./object-store.ts";
import { pauseAfter, planAfterWatch } from "./watch-plan.ts";
import type { WatchEnd } from "./watch-plan.ts";

/** What a reflector mirrors, and into what. */
export interface ReflectorOptions<T extends Cached> {
  readonly client: KubeClient;
  readonly transport: KubeTransport;
  readonly resource: ApiResource;
  /** Undefined namespace: all of them. */
  readonly place?: ResourcePlace;
  readonly selectors?: { readonly labelSelector?: string; readonly fieldSelector?: string };
  /** What is kept of an object. It gets each once and must not hold on to it, or memory grows by the whole object. */
  readonly project: (object: KubeObject) => T;
  /** What is left out of the JSON of events and lists before it is parsed. */
  readonly trim?: (json: string) => string;
  readonly store: Pick<ObjectStore<T, string>, "put" | "remove" | "replaceAll">;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** Objects a page. */
  readonly pageSize?: number;
  /** Seconds after which the server ends a watch, chosen anew each time. */
  readonly watchSeconds?: { readonly least: number; readonly most: number };
  /** Called after each list, with the monotonic time before it began: writes that were answered before are in it. */
  readonly onListed?: (startedAtMs: number) => void;
}

const PAGE_SIZE = 500;
/** So short that a connection which lost its other end is noticed within half a minute; a new watch is one request. */
const WATCH_SECONDS = { least: 20, most: 26 };
/** The server's own end comes by then; silence beyond it is a dead connection. */
const GRACE_MS = 3000;

/** Keeps a store like the API server's list: pages, then a watch from there, for ever. */
export class Reflector<T extends Cached> {
  readonly #options: ReflectorOptions<T>;
  readonly #synced = Promise.withResolvers<void>();
  /** The version to go on from; null before the first list, and after one is no longer good. */
  #version: string | null = null;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  /** Resolves once the store has held a whole list. */
  untilSynced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Runs until the signal aborts; survives every failure. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, random, resource } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list(signal);
        const end = await this.#watch(this.#version, signal);
        const plan = planAfterWatch(end, failures, random());
        failures = plan.failures;
        if (plan.relist) this.#forget();
        if (plan.pauseMs > 0) await clock.sleep(plan.pauseMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const code = error instanceof RollyardError ? error.code : "internal";
        logger.warn("a list of the api server failed", { resource: resource.plural, code, failures });
        await clock.sleep(pauseAfter(failures, random()), signal);
      }
    }
  }

  #forget(): void {
    this.#version = null;
    const { logger, resource } = this.#options;
    logger.info("the api server forgot where a watch was: listing anew", { resource: resource.plural });
  }

  /** Lists everything into the store; resolves with the version of the list. */
  async #list(signal: AbortSignal): Promise<string> {
    const { clock, store, onListed, pageSize = PAGE_SIZE } = this.#options;
    const startedAtMs = clock.monotonicMs();
    // A list that takes longer than the server keeps versions can only be had in one piece.
    const list = (await this.#pages(pageSize, signal)) ?? (await this.#pages(0, signal));
    if (list === null) throw new RollyardError("kube_unreachable", { details: { status: 410 } });
    store.replaceAll(list.objects);
    onListed?.(startedAtMs);
    this.#synced.resolve();
    return list.version;
  }

  async #pages(limit: number, signal: AbortSignal) {
    const { client, resource, place, selectors, trim } = this.#options;
    const objects: T[] = [];
    let next: string | undefined;
    for (;;) {
      const query = { ...selectors, limit: limit === 0 ? undefined : limit, continue: next, signal };
      const reading = trim === undefined ? {} : { trim };
      const page = await client.list<KubeObject>(resource, place, { ...query, ...reading });
      if (page === null || signal.aborted) return null;
      for (const object of page.items) this.#keep(object, (projected) => objects.push(projected));
      next = page.metadata.continue;
      if (next === undefined || next === "") return { objects, version: page.metadata.resourceVersion };
    }
  }

  async #watch(version: string, signal: AbortSignal): Promise<WatchEnd> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    let events = 0;
    try {
      const stream = await this.#open(version, signal);
      if (stream.status === 410) return { kind: "gone" };
      if (stream.status >= 300) return { kind: "failed", events };
      for await (const line of stream.lines) {
        const end = this.#take(line);
        if (end !== null) return end;
        events += 1;
      }
      return { kind: "ended", events, livedMs: clock.monotonicMs() - startedMs };
    } catch (error) {
      if (!signal.aborted) this.#noteBroken(error);
      return { kind: "failed", events };
    }
  }

  #open(resourceVersion: string, signal: AbortSignal) {
    const { transport, resource, place, selectors, random, watchSeconds = WATCH_SECONDS } = this.#options;
    const { least, most } = watchSeconds;
    const timeoutSeconds = Math.round(least + (most - least) * random());
    const query = { ...selectors, watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    const path = resourcePath(resource, place, query);
    return transport.stream({ path, signal, deadlineMs: timeoutSeconds * 1000 + GRACE_MS });
  }

  /** Takes one event; resolves with the watch's end when it is one. */
  #take(line: string): WatchEnd | null {
    const { trim = (json) => json } = this.#options;
    const { type, object } = JSON.parse(trim(line)) as { readonly type: string; readonly object: KubeObject };
    if (type === "ERROR") {
      const { code } = objectOrEmpty(object);
      return code === 410 ? { kind: "gone" } : { kind: "failed", events: 0 };
    }
    if (type === "DELETED") this.#guard(() => this.#options.store.remove(objectKey(object.metadata)));
    else if (type !== "BOOKMARK") this.#keep(object, (projected) => this.#options.store.put(projected));
    this.#version = object.metadata.resourceVersion;
    return null;
  }

  #keep(object: KubeObject, put: (projected: T) => void): void {
    this.#guard(() => put(this.#options.project(object)));
  }

  /** One object that can't be read, or a listener that fails, must not cost us all others. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      const reason = error instanceof Error ? error.name : "unknown";
      this.#options.logger.error("an object of the api server can't be kept", {
        resource: this.#options.resource.plural,
        reason,
      });
    }
  }

  #noteBroken(error: unknown): void {
    const reason = textOrUndefined(error instanceof RollyardError ? error.details["reason"] : undefined);
    this.#options.logger.debug("a watch of the api server broke", {
      resource: this.#options.resource.plural,
      reason,
    });
  }
}
