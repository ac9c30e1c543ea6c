// Takes 64 MiB of short rows as a leader does: reads, checks and stores them, reads them back, and opens the job's accounting.
// Prints how many rollouts that are.
import type { LogStore, StoredMessage } from "../../../src/bus/port.ts";
import { compileItemCheck } from "../../../src/config/check-item.ts";
import { loadDataset } from "../../../src/config/dataset.ts";
import { loadRows, storeRows } from "../../../src/controller/rollout-job/job-rows.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import { JobLedger } from "../../../src/job/job-ledger.ts";
import { retrySpecSchema } from "../../../src/job/retry-spec.ts";

const BYTES = 64 * 1024 * 1024;
const ROW_BYTES = 64;
const JOB = "j0b";

/** Messages outside of the heap, as a bus holds them. */
class MemoryStore implements LogStore {
  readonly #messages = new Map<string, StoredMessage>();

  async publish({ subject, payload }: Parameters<LogStore["publish"]>[0]) {
    const sequence = this.#messages.size + 1;
    this.#messages.set(subject, { subject, payload, sequence, headers: {}, storedAtMs: 0 });
    return { kind: "stored", sequence } as const;
  }

  async read() {
    return [];
  }

  async readLast(_: string, subject: string) {
    return this.#messages.get(subject) ?? null;
  }
}

function manyRows(): Buffer {
  const bytes = Buffer.alloc(BYTES, "\n");
  for (let row = 0; row < BYTES / ROW_BYTES; row += 1)
    bytes.write(JSON.stringify({ q: String(row).padEnd(ROW_BYTES - 9, "x") }), row * ROW_BYTES);
  return bytes;
}

const environment = environmentSpecSchema.parse({
  sandbox: { image: "registry.example/none:1" },
  prompt: [{ role: "user", content: "{{ item.q }}" }],
  grader: {
    type: "string_check",
    name: "g",
    operation: "eq",
    input: "{{ sample.output_text }}",
    reference: "x",
  },
});
const store = new MemoryStore();

async function begin() {
  const bytes = manyRows();
  const { items, problems } = await loadDataset(
    { url: "https://rows.example", sha256: "" },
    compileItemCheck(environment),
    {
      source: { file: "rows", folder: "/", lineOf: () => undefined },
      configMaps: [],
      fetchDataset: async () => bytes,
      cwd: "/",
    },
  );
  if (problems.length > 0) throw new Error(problems[0]?.message);
  return storeRows(store, JOB, items);
}

const rows = await loadRows(store, JOB, await begin());
const ledger = new JobLedger({
  items: rows.length,
  samplesPerItem: 1,
  retry: retrySpecSchema.parse({}),
  indexes: null,
});
process.stdout.write(String(ledger.total));
