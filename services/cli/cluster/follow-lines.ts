import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { isErrorCode } from "../../../src/errors/codes.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { GatewayClient } from "./gateway-client.ts";

/** Which lines. */
export interface FollowedLines {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Called once for each outage. */
  readonly onLost?: (message: string) => void;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
/** Tries in a row without a line, about a minute; few while none has come at all. */
const MOST_TRIES = 16;
const FIRST_TRIES = 3;

/**
 * The lines of results or logs to their end, over as many connections as it takes: whichever gateway answers goes on behind the
 * last line that came. Rejects as {@link GatewayClient} does, once no gateway has answered for a minute.
 */
export async function* followLines(
  gateway: Pick<GatewayClient, "lines">,
  followed: FollowedLines,
  clock: Pick<Clock, "sleep"> = systemClock,
): AsyncGenerator<JsonObject, void, undefined> {
  const follower = new LineFollower(gateway, followed);
  while (!follower.isOver) {
    yield* follower.connection();
    await clock.sleep(follower.pauseMs);
  }
}

class LineFollower {
  readonly #gateway: Pick<GatewayClient, "lines">;
  readonly #followed: FollowedLines;
  #after: string;
  #tries = 0;
  #hasAnswered = false;
  #isOver = false;

  constructor(gateway: Pick<GatewayClient, "lines">, followed: FollowedLines) {
    this.#gateway = gateway;
    this.#followed = followed;
    this.#after = followed.query["after"] ?? "0";
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get pauseMs(): number {
    return this.#isOver ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#tries);
  }

  /** The lines of one connection. Rejects when no other is worth a try. */
  async *connection(): AsyncGenerator<JsonObject, void, undefined> {
    const { path, query } = this.#followed;
    try {
      const request = { method: "GET", path, query: { ...query, after: this.#after } } as const;
      for await (const line of this.#gateway.lines(request)) {
        this.#note(line);
        if (line["type"] !== "reconnect") yield line;
      }
    } catch (thrown) {
      this.#failed(toRollyardError(thrown));
    }
  }

  #note(line: JsonObject): void {
    if (line["type"] === "error") throw errorOf(line);
    this.#tries = 0;
    this.#hasAnswered = true;
    this.#isOver = line["type"] === "end" || line["type"] === "gone";
    if (typeof line["cursor"] === "number") this.#after = String(line["cursor"]);
  }

  #failed(error: RollyardError): void {
    const mostTries = this.#hasAnswered ? MOST_TRIES : FIRST_TRIES;
    this.#tries += 1;
    if (!error.isRetryable || this.#tries >= mostTries) throw error;
    if (this.#tries === 1) this.#followed.onLost?.(error.message);
  }
}

function errorOf(line: JsonObject): RollyardError {
  const error = objectOrEmpty(line["error"]);
  const [code, message] = [textOrUndefined(error["code"]) ?? "", textOrUndefined(error["message"])];
  return new RollyardError(isErrorCode(code) ? code : "internal", message === undefined ? {} : { message });
}
