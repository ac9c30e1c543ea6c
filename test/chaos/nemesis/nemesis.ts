import { SeededRandom } from "../../../src/lib/seeded-random.ts";
import type { ChaosWorld } from "../world/chaos-world.ts";
import type { RawStreamState } from "../world/raw-bus.ts";
import { sleep } from "../world/service.ts";
import { STRIKES } from "./strikes.ts";
import type { StrikeContext, StrikeName } from "./strikes.ts";

/** Outcomes before the first strike: a job whose first ten attempts all fail is stopped early, and rightly so. */
const QUIET_OUTCOMES = 20;
/** Strikes end when so much of the job is done: the rest shows that it recovers. */
const ENOUGH = 0.95;
/** Strikes between two outcomes at most: a slow machine gets the time that its recovery takes. */
const STRIKES_AN_OUTCOME = 3;
const POLL_MS = 250;
const ASK_AGAIN_MS = 500;

/** Strikes at a run, as its seed says what and when, until most of the job is done. */
export class Nemesis {
  readonly tally = { sandboxdKills: 0, sprung: 0 };
  /** How often each struck. */
  readonly counts = new Map<StrikeName, number>();
  readonly #world: ChaosWorld;
  readonly #random: SeededRandom;
  readonly #onStrike: (text: string) => void;
  readonly #open = new Set<Promise<void>>();
  #deck: StrikeName[] = [];
  /** Outcomes at the last look, and strikes since they changed. */
  #last = { outcomes: 0, strikes: 0 };
  #isStopped = false;

  constructor(world: ChaosWorld, onStrike: (text: string) => void) {
    this.#world = world;
    this.#random = new SeededRandom(world.plan.options.seed);
    this.#onStrike = onStrike;
  }

  /** Resolves when it has struck enough and every strike is over. */
  async run(): Promise<void> {
    const { strikes } = this.#world.plan.options;
    const most = this.#mostStrikes();
    await this.#untilDone((subjects) => subjects >= QUIET_OUTCOMES);
    const enough = this.#untilEnough();
    for (let struck = 0; !this.#isStopped && strikes.length > 0 && struck < most; struck += 1) {
      await Promise.race([this.#untilDue(struck), enough]);
      await Promise.race([this.#untilItRecovers(), enough]);
      if (!this.#isStopped) this.#strike(this.#draw(strikes));
    }
    await Promise.all(this.#open);
  }

  /** No more strikes. */
  stop(): void {
    this.#isStopped = true;
  }

  /** By outcomes, those that are due before most of the job is done. */
  #mostStrikes(): number {
    const { most, outcomesApart } = this.#world.plan.options;
    if (outcomesApart === null) return most;
    return Math.min(most, Math.ceil((ENOUGH * this.#world.rollouts - QUIET_OUTCOMES) / outcomesApart));
  }

  /**
   * By time, strikes end when most of the job is done. By outcomes, those that are due by then are not left out because many
   * outcomes came at once: only the job's own end cuts them off.
   */
  async #untilEnough(): Promise<void> {
    if (this.#world.plan.options.outcomesApart !== null) return new Promise(() => undefined);
    await this.#untilDone((subjects) => subjects >= ENOUGH * this.#world.rollouts);
    this.stop();
  }

  /** Until the strike of this number is due, by time or by what the job has done. */
  async #untilDue(struck: number): Promise<void> {
    const { everyMs, outcomesApart } = this.#world.plan.options;
    // Exponential, so that strikes also fall together; never so far apart that a short run sees none.
    const waitMs = Math.min(3 * everyMs, -everyMs * Math.log(1 - this.#random.next()));
    if (outcomesApart === null) return sleep(waitMs);
    return this.#untilDone((subjects) => subjects >= QUIET_OUTCOMES + struck * outcomesApart);
  }

  async #untilItRecovers(): Promise<void> {
    const state = await this.#look();
    const outcomes = state?.messages ?? this.#last.outcomes;
    if (outcomes !== this.#last.outcomes) this.#last = { outcomes, strikes: 0 };
    this.#last.strikes += 1;
    while (!this.#isStopped && this.#last.strikes > STRIKES_AN_OUTCOME) {
      const now = await this.#look();
      if (now !== null && now.messages > this.#last.outcomes) {
        this.#last = { outcomes: now.messages, strikes: 1 };
      } else await sleep(POLL_MS);
    }
  }

  #draw(strikes: readonly StrikeName[]): StrikeName {
    if (this.#deck.length === 0) {
      this.#deck = strikes.flatMap((name) => Array.from({ length: STRIKES[name].weight }, () => name));
    }
    const at = this.#random.between(0, this.#deck.length - 1);
    const [name = "cut"] = this.#deck.splice(at, 1);
    return name;
  }

  #strike(name: StrikeName): void {
    // Each strike draws from its own source, so that how long one takes changes nothing for the others.
    const random = new SeededRandom(this.#random.between(0, 2 ** 31));
    const context: StrikeContext = { world: this.#world, random, tally: this.tally };
    const striking = STRIKES[name].strike(context).then((what) => {
      if (what === null) return;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      this.#onStrike(`${name}: ${what}`);
    });
    this.#open.add(striking);
    void striking.finally(() => this.#open.delete(striking));
  }

  async #untilDone(isDone: (rollouts: number) => boolean): Promise<void> {
    while (!this.#isStopped) {
      const state = await this.#look();
      if (state !== null && isDone(state.subjects)) return;
      await sleep(POLL_MS);
    }
  }

  /**
   * The outcomes now; null when nothing tells them. A question that went down with a server waits seconds for its answer, in
   * which half of a job may end: it is asked again meanwhile.
   */
  #look(): Promise<RawStreamState | null> {
    const asked = Promise.withResolvers<RawStreamState | null>();
    const ask = (): void => {
      void this.#world.bus.state("outcomes").then((state) => asked.resolve(state));
    };
    ask();
    const asking = setInterval(ask, ASK_AGAIN_MS);
    return asked.promise.finally(() => clearInterval(asking));
  }
}
