import { fastify } from "fastify";
import type { FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";

/** A file as it was uploaded. */
export interface UploadedFile {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  readonly text: string;
}

/** A request that the platform got. */
export interface PlatformRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** What of the platform differs. */
export interface FineTuningBehaviour {
  /** How often a file is asked for until it is read. */
  readonly asks: number;
  readonly fileEnd: Readonly<{ status: string; status_details?: string }>;
  /** How the creation of a job ends, other than well. */
  readonly refusal: { readonly status: number; readonly error: Fields } | null;
  /** Questions after a job's creation until it has ended. */
  readonly steps: number;
  readonly jobEnd: Fields;
  /** Statuses to answer the next questions for a job with. */
  readonly outages: number[];
}

const BEHAVIOUR: FineTuningBehaviour = {
  asks: 1,
  fileEnd: { status: "processed" },
  refusal: null,
  steps: 2,
  jobEnd: { status: "succeeded", fine_tuned_model: "ft:o4-mini:acme::1" },
  outages: [],
};

/** A platform with fine-tuning jobs, in the shapes that the platforms document. */
export interface FineTuningServer {
  readonly baseURL: string;
  readonly files: readonly UploadedFile[];
  /** Bodies of the jobs that were created. */
  readonly created: readonly Fields[];
  readonly requests: readonly PlatformRequest[];
  close(): Promise<void>;
}

const KEY = "Bearer platform-key";

/** Starts the platform on a free port. */
export async function startFineTuningServer(
  change: Partial<FineTuningBehaviour> = {},
): Promise<FineTuningServer> {
  const platform = new Platform({ ...BEHAVIOUR, ...change });
  const app = fastify();
  app.addContentTypeParser(/^multipart\/form-data/u, { parseAs: "buffer" }, (_, body, done) =>
    done(null, body),
  );
  app.addHook("onRequest", async (request, reply) => {
    const { method, url, headers } = request;
    platform.requests.push({ method, path: url, authorization: headers.authorization, headers });
    if (headers.authorization === KEY) return;
    const message = "Incorrect API key provided.";
    await reply
      .code(401)
      .send({ error: { message, type: "invalid_request_error", param: null, code: "invalid_api_key" } });
  });
  addFiles(app, platform);
  addJobs(app, platform);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const { files, created, requests } = platform;
  return { baseURL: `http://127.0.0.1:${port}/v1`, files, created, requests, close: () => app.close() };
}

class Platform {
  readonly behaviour: FineTuningBehaviour;
  readonly files: UploadedFile[] = [];
  readonly created: Fields[] = [];
  readonly requests: PlatformRequest[] = [];
  readonly asks = new Map<string, number>();
  isCancelled = false;

  constructor(behaviour: FineTuningBehaviour) {
    this.behaviour = behaviour;
  }

  asked(id: string): number {
    const asks = (this.asks.get(id) ?? 0) + 1;
    this.asks.set(id, asks);
    return asks;
  }

  job(): Fields {
    const isEnded = (this.asks.get("job") ?? 0) > this.behaviour.steps;
    const end = this.isCancelled ? { status: "cancelled" } : isEnded ? this.behaviour.jobEnd : {};
    const [request = {}] = this.created;
    return {
      id: "ftjob-1",
      object: "fine_tuning.job",
      created_at: 1_700_000_000,
      error: null,
      fine_tuned_model: null,
      finished_at: null,
      hyperparameters: {},
      organization_id: "org-1",
      result_files: [],
      status: "validating_files",
      trained_tokens: null,
      ...request,
      ...end,
    };
  }

  /** Oldest first: one at the beginning, and each step's metrics. */
  events(): readonly Fields[] {
    const steps = Math.min(this.asks.get("job") ?? 0, this.behaviour.steps);
    const event = (index: number, fields: Fields): Fields => ({
      id: `ftevent-${index}`,
      object: "fine_tuning.job.event",
      created_at: 1_700_000_000 + index,
      level: "info",
      type: "message",
      ...fields,
    });
    return [
      event(0, { message: "Created fine-tuning job: ftjob-1" }),
      ...Array.from({ length: steps }, (_, step) =>
        event(step + 1, {
          message: `Step ${step + 1}`,
          type: "metrics",
          data: { step: step + 1, train_reward_mean: 0.25 * (step + 1), note: "text" },
        }),
      ),
    ];
  }
}

function addFiles(app: FastifyInstance, platform: Platform): void {
  const shown = (file: UploadedFile, end: Fields): Fields => ({
    id: file.id,
    object: "file",
    bytes: Buffer.byteLength(file.text),
    created_at: 1_700_000_000,
    filename: file.name,
    purpose: file.purpose,
    ...end,
  });
  app.post("/v1/files", async ({ body }) => {
    const file = { id: `file-${platform.files.length + 1}`, ...readForm(body as Buffer) };
    platform.files.push(file);
    return shown(file, { status: "pending" });
  });
  app.get<{ Params: { id: string } }>("/v1/files/:id", async ({ params }, reply) => {
    const file = platform.files.find(({ id }) => id === params.id);
    if (file === undefined) return reply.code(404).send({ error: { message: "No such file" } });
    const isRead = platform.asked(file.id) >= platform.behaviour.asks;
    return shown(file, isRead ? platform.behaviour.fileEnd : { status: "pending" });
  });
}

function addJobs(app: FastifyInstance, platform: Platform): void {
  const { refusal, outages } = platform.behaviour;
  app.post("/v1/fine_tuning/jobs", async (request, reply) => {
    platform.created.push(request.body as Fields);
    return refusal === null ? platform.job() : reply.code(refusal.status).send({ error: refusal.error });
  });
  app.get("/v1/fine_tuning/jobs/ftjob-1", async (_, reply) => {
    const outage = outages.shift();
    if (outage !== undefined)
      return reply
        .code(outage)
        .header("retry-after-ms", "1")
        .send({ error: { message: "busy" } });
    platform.asked("job");
    return platform.job();
  });
  app.get<{ Querystring: { after?: string } }>("/v1/fine_tuning/jobs/ftjob-1/events", async ({ query }) => {
    // Newest first, a few a page.
    const all = platform.events().toReversed();
    const from = query.after === undefined ? 0 : all.findIndex(({ id }) => id === query.after) + 1;
    return { object: "list", data: all.slice(from, from + 2), has_more: from + 2 < all.length };
  });
  app.post("/v1/fine_tuning/jobs/ftjob-1/cancel", async () => {
    platform.isCancelled = true;
    return platform.job();
  });
}

/** The few parts of a form that an upload has. */
function readForm(body: Buffer): Omit<UploadedFile, "id"> {
  const text = body.toString("utf8");
  const part = (name: string): string =>
    new RegExp(`name="${name}"[^]*?\r\n\r\n([^]*?)\r\n--`, "u").exec(text)?.[1] ?? "";
  const name = /filename="([^"]*)"/u.exec(text)?.[1] ?? "";
  return { name, purpose: part("purpose"), text: part("file") };
}
