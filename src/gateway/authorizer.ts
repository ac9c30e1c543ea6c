import { createHash } from "node:crypto";
import { RollyardError } from "../errors/rollyard-error.ts";
import { ExpiringCache } from "../lib/expiring-cache.ts";
import type { Kept } from "../lib/expiring-cache.ts";
import type { Clock } from "../lib/clock.ts";
import { accessText } from "./job-access.ts";
import type { JobAccess } from "./job-access.ts";
import type { ReviewedUser, Reviews } from "./reviews.ts";

/** What an authorizer asks, and how long it keeps the answers. */
export interface AuthorizerOptions {
  readonly reviews: Reviews;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** How long a yes holds: a right that is taken away works that much longer. */
  readonly keepMs: number;
}

/** Who asked, once it is known that they may. */
export interface Caller {
  readonly user: string;
}

/** Answers of each kind that are kept; tokens only by their digest. */
const CAPACITY = 4096;
/** A no is asked again soon: it is often followed by a new binding. */
const KEEP_NO_MS = 2000;

/** Asks the cluster who a token's owner is and what they may do, and remembers it for a short while. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #users: ExpiringCache<ReviewedUser | null>;
  readonly #rights: ExpiringCache<boolean>;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#users = new ExpiringCache(CAPACITY, options.clock);
    this.#rights = new ExpiringCache(CAPACITY, options.clock);
  }

  /**
   * Resolves when the token's owner may do it. Rejects with `request_unauthenticated`, `request_forbidden` with what is
   * missing, or `kube_unreachable` and its like when the cluster can't be asked.
   */
  async authorize(token: string, access: JobAccess): Promise<Caller> {
    const { reviews } = this.#options;
    const key = createHash("sha256").update(token).digest("base64");
    const user = await this.#users.get(key, async () => this.#kept(await reviews.userOf(token)));
    if (user === null) {
      throw new RollyardError("request_unauthenticated", {
        message: "The cluster does not know this token, or its time is over: sign in anew.",
      });
    }
    const { namespace, resource = "", name = "", verb, subresource = "" } = access;
    const question = [key, namespace, resource, name, verb, subresource].join("/");
    const may = await this.#rights.get(question, async () =>
      this.#kept(await reviews.isAllowed(user, access)),
    );
    if (may) return { user: user.username };
    throw new RollyardError("request_forbidden", {
      message: `${user.username} may not ${accessText(access)}. ClusterRole rollyard-view or rollyard-edit, bound in that namespace, allows it.`,
    });
  }

  #kept<T extends ReviewedUser | null | boolean>(value: T): Kept<T> {
    const isNo = value === null || value === false;
    return { value, keepMs: isNo ? Math.min(KEEP_NO_MS, this.#options.keepMs) : this.#options.keepMs };
  }
}
