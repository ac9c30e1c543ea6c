import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RollyardError } from "../errors/rollyard-error.ts";
import { sharedRun } from "../lib/shared-run.ts";
import { syncPath } from "./nats-server-store.ts";
import { streamsBefore } from "./publish-order.ts";
import { STREAMS } from "./streams.ts";
import type { StreamName } from "./streams.ts";

const BLOCK = /^(\d+)\.blk$/u;

/** To be awaited before each publish: brings to the disk what the message stands on. */
export function syncBefore(store: Pick<StreamSync, "sync">): (subject: string) => Promise<void> {
  return async (subject) => {
    await Promise.all(streamsBefore(subject).map((stream) => store.sync(stream)));
  };
}

/**
 * Brings the messages of streams on this machine to the disk, for those who can't wait until nats-server does by its
 * interval. Messages must only ever be added to these streams: blocks before the last that was seen are left alone.
 */
export class StreamSync {
  readonly #folder: string;
  readonly #byStream = new Map<StreamName, () => Promise<void>>();

  /** `folder` is that of the server's configuration. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Resolves once all that the server had acknowledged of the stream when it was asked would outlive a power cut. Rejects
   * with `output_unwritable` for what the file system says.
   */
  sync(stream: StreamName): Promise<void> {
    const known = this.#byStream.get(stream);
    if (known !== undefined) return known();
    const messages = join(this.#folder, "store", "jetstream", "$G", "streams", STREAMS[stream], "msgs");
    let lastBlock = 0;
    const run = sharedRun(() => bringToDisk().catch(unsynced(this.#folder)));
    const syncBlock = (block: number): Promise<void> => syncPath(join(messages, `${block}.blk`));
    const bringToDisk = async (): Promise<void> => {
      // Most often there is no other, and whoever asked waits for one step of the disk less.
      const [names] = await Promise.all([readdir(messages), lastBlock === 0 ? null : syncBlock(lastBlock)]);
      const blocks = names.flatMap((name) => Number(BLOCK.exec(name)?.[1] ?? Number.NaN));
      const fresh = blocks.filter((block) => block > lastBlock).toSorted((a, b) => a - b);
      for (const block of fresh) await syncBlock(block);
      // The folder too: a block is only there when its name is.
      if (fresh.length > 0 || lastBlock === 0) await syncPath(messages);
      lastBlock = fresh.at(-1) ?? lastBlock;
    };
    this.#byStream.set(stream, run);
    return run();
  }
}

function unsynced(folder: string): (cause: unknown) => never {
  return (cause) => {
    throw new RollyardError("output_unwritable", {
      message: `The store of the bus in ${folder} can't be brought to the disk; was it removed, or moved, while it was in use?`,
      cause,
    });
  };
}
