import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { RollyardError } from "../errors/rollyard-error.ts";
import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { natsServerConfig } from "./nats-server-config.ts";
import type { NatsServerSettings } from "./nats-server-config.ts";
import type { ServiceUser } from "./permissions.ts";
import { answersAsJetStream } from "./probe-nats.ts";
import { LOCAL_MAX_BYTES } from "./stream-settings.ts";
import { spawnSupervised } from "./supervised-child.ts";
import type { SupervisedChild } from "./supervised-child.ts";

/** How to run a nats-server on this machine. */
export interface NatsServerOptions {
  /** Path of the program. */
  readonly binary: string;
  /** Its folder: configuration (mode 0600), store, log. The same folder again means the same streams. */
  readonly folder: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Called once when it died too often to be started again. */
  readonly onGaveUp?: (error: RollyardError) => void;
  readonly cluster?: NatsServerSettings["cluster"];
  /** Random ones by default; the members of a cluster share theirs. */
  readonly passwords?: NatsServerSettings["passwords"];
  /** Starts the program; a child process by default. */
  readonly spawn?: typeof spawnSupervised;
}

/** A nats-server child process that is started again when it dies. */
export interface NatsServer {
  /** `127.0.0.1:<port>`, the same for as long as it lives. */
  readonly address: string;
  readonly folder: string;
  /** Login of a service. */
  login(user: ServiceUser): { readonly user: ServiceUser; readonly password: string };
  /** Process id of the one that runs now. */
  pid(): number;
  /** How often it had to be started again. */
  restarts(): number;
  /** Ends it in good order, then by force; nothing of it is left running when this resolves. */
  stop(): Promise<void>;
}

const READY_MS = 20_000;
const POLL_MS = 20;
const STOP_MS = 5000;
/** A server that lived this long counts as having worked. */
const QUICK_DEATH_MS = 5000;
const MAX_QUICK_DEATHS = 6;
const BACKOFF_MS = 50;
/** Above the streams' own reservations, for they can't be created otherwise; a full disk shows when it is full. */
const MAX_FILE_STORE = 2 * Object.values(LOCAL_MAX_BYTES).reduce((sum, bytes) => sum + bytes, 0);

/**
 * Starts a nats-server with JetStream on a free loopback port and waits until it answers.
 * Rejects with `bus_unavailable` and the server's last words when it does not start.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const server = new Supervisor(options);
  await server.start();
  return server;
}

/** A password nobody can guess for each service. */
export function randomPasswords(): NatsServerSettings["passwords"] {
  const password = (): string => randomBytes(24).toString("base64url");
  return { controller: password(), worker: password(), grader: password(), gateway: password() };
}

class Supervisor implements NatsServer {
  readonly folder: string;
  readonly #options: NatsServerOptions;
  readonly #clock: Clock;
  readonly #passwords: Readonly<Record<ServiceUser, string>>;
  readonly #stopping = new AbortController();
  #port = -1;
  #child: SupervisedChild | undefined;
  #restarts = 0;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: NatsServerOptions) {
    this.#options = options;
    this.folder = options.folder;
    this.#clock = options.clock ?? systemClock;
    this.#passwords = options.passwords ?? randomPasswords();
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  login(user: ServiceUser): { readonly user: ServiceUser; readonly password: string } {
    return { user, password: this.#passwords[user] };
  }

  pid(): number {
    return this.#child?.pid ?? 0;
  }

  restarts(): number {
    return this.#restarts;
  }

  async start(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    this.#child = await this.#launch();
    this.#watching = this.#watch(this.#child, 0);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    child?.kill("SIGTERM");
    const force = new AbortController();
    const forced = this.#clock.sleep(STOP_MS, force.signal).then(() => {
      if (!force.signal.aborted) child?.kill("SIGKILL");
    });
    await child?.ended;
    force.abort();
    await forced;
    await this.#watching;
  }

  /** Starts it and waits until it answers; kills it and throws when it doesn't. */
  async #launch(): Promise<SupervisedChild> {
    await this.#removePortFiles();
    const config = join(this.folder, "nats-server.conf");
    await rm(config, { force: true });
    await writeFile(config, natsServerConfig(this.#settings()), { mode: 0o600 });
    const spawn = this.#options.spawn ?? spawnSupervised;
    const child = await spawn(this.#options.binary, ["-c", config]);
    if (await this.#isReady(child)) return child;
    child.kill("SIGKILL");
    await child.ended;
    throw new RollyardError("bus_unavailable", {
      message: `nats-server did not start: ${await this.#lastWords()}`,
    });
  }

  #settings(): NatsServerSettings {
    const { cluster } = this.#options;
    const base = {
      port: this.#port,
      folder: this.folder,
      passwords: this.#passwords,
      maxFileStoreBytes: MAX_FILE_STORE,
    };
    return cluster === undefined ? base : { ...base, cluster };
  }

  async #isReady(child: SupervisedChild): Promise<boolean> {
    const over = new AbortController();
    void child.ended.then(() => over.abort());
    this.#stopping.signal.addEventListener("abort", () => over.abort(), { once: true });
    const deadlineMs = this.#clock.monotonicMs() + READY_MS;
    while (!over.signal.aborted && this.#clock.monotonicMs() < deadlineMs) {
      if (this.#port < 0) this.#port = await this.#readPort();
      if (this.#port > 0 && (await answersAsJetStream(this.#port))) return true;
      await this.#clock.sleep(POLL_MS, over.signal);
    }
    return false;
  }

  /** Starts it again, on the same store and port, each time it ends by itself. */
  async #watch(first: SupervisedChild, quickDeaths: number): Promise<void> {
    let child = first;
    let deaths = quickDeaths;
    for (;;) {
      const startedMs = this.#clock.monotonicMs();
      const code = await child.ended;
      if (this.#stopping.signal.aborted) return;
      deaths = this.#clock.monotonicMs() - startedMs < QUICK_DEATH_MS ? deaths + 1 : 0;
      this.#options.logger.warn("nats-server ended and is started again", { code, deaths });
      const next = await this.#relaunch(deaths);
      if (next === undefined) return;
      child = next;
    }
  }

  /** Tries until it runs; undefined when stopped, or when it died too often. */
  async #relaunch(deathsBefore: number): Promise<SupervisedChild | undefined> {
    let error = new RollyardError("bus_unavailable", { message: "nats-server died again and again." });
    for (let deaths = deathsBefore; deaths < MAX_QUICK_DEATHS; deaths++) {
      await this.#clock.sleep(BACKOFF_MS * 2 ** deaths, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return undefined;
      try {
        this.#child = await this.#launch();
        this.#restarts += 1;
        return this.#child;
      } catch (cause) {
        if (cause instanceof RollyardError) error = cause;
      }
    }
    if (this.#stopping.signal.aborted) return undefined;
    this.#options.logger.error("nats-server is given up", { code: error.code });
    this.#options.onGaveUp?.(error);
    return undefined;
  }

  async #portFiles(): Promise<readonly string[]> {
    const names = await readdir(this.folder);
    return names.filter((name) => name.endsWith(".ports")).map((name) => join(this.folder, name));
  }

  async #removePortFiles(): Promise<void> {
    for (const file of await this.#portFiles()) await rm(file, { force: true });
  }

  /** The port that the server chose, or -1 while it has not written it. */
  async #readPort(): Promise<number> {
    const [file] = await this.#portFiles();
    if (file === undefined) return -1;
    const match = /nats:\/\/127\.0\.0\.1:(\d+)/u.exec(await readFile(file, "utf8").catch(() => ""));
    return match === null ? -1 : Number(match[1]);
  }

  async #lastWords(): Promise<string> {
    const log = await readFile(join(this.folder, "nats-server.log"), "utf8").catch(() => "");
    const line = log.trimEnd().split("\n").at(-1) ?? "";
    return line === "" ? "it left no log." : line.replace(/^\[\d+\] \S+ \S+ /u, "").slice(0, 300);
  }
}
