import OpenAI, { toFile } from "openai";
import type { FileObject } from "openai/resources/files";
import type {
  FineTuningJob,
  FineTuningJobEvent,
  JobCreateParams,
} from "openai/resources/fine-tuning/jobs/jobs";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import type { JobRequest } from "../trainer/job/job-request.ts";
import { platformError } from "./platform-error.ts";

/** How a platform's API is reached. */
export interface PlatformAccess {
  /** With its version: `https://RESOURCE.openai.azure.com/openai/v1`, `https://api.openai.com/v1`. */
  readonly baseURL: string;
  /** Sent as `Authorization: Bearer`. */
  readonly apiKey: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The two files of a job, as the platform names them. */
export interface UploadedFiles {
  readonly training: string;
  readonly validation: string;
}

const REQUEST_TIMEOUT_MS = 120_000;
const ASK_EVERY_MS = 2000;
const PROCESSED_WITHIN_MS = 30 * 60_000;
const EVENTS_A_PAGE = 100;
const MAX_EVENT_PAGES = 100;

/** File states of both platforms; Microsoft Foundry has more of them than the package knows. */
const READY: ReadonlySet<string> = new Set(["processed", "completed"]);
const BROKEN: ReadonlySet<string> = new Set(["error", "failed", "deleted"]);

/** Fine-tuning jobs of Microsoft Foundry or OpenAI. Rejects with `platform_unauthorized`, `platform_refused`, `platform_unreachable`. */
export class FineTuningClient {
  readonly #client: OpenAI;
  readonly #clock: Clock;

  constructor({ baseURL, apiKey, headers = {} }: PlatformAccess, clock: Clock = systemClock) {
    // Null keeps out what the package would take from the process's environment.
    this.#client = new OpenAI({
      baseURL,
      apiKey,
      organization: null,
      project: null,
      defaultHeaders: { ...headers },
      timeout: REQUEST_TIMEOUT_MS,
    });
    this.#clock = clock;
  }

  /** Uploads JSONL and waits until the platform has read it; resolves with the file's id. */
  async upload(name: string, text: string): Promise<string> {
    const file = await asked(async () =>
      this.#client.files.create({
        file: await toFile(Buffer.from(text), name, { type: "application/jsonl" }),
        purpose: "fine-tune",
      }),
    );
    await this.#processed(file, name);
    return file.id;
  }

  async #processed(uploaded: FileObject, name: string): Promise<void> {
    const endMs = this.#clock.monotonicMs() + PROCESSED_WITHIN_MS;
    for (let file = uploaded; ; file = await asked(() => this.#client.files.retrieve(uploaded.id))) {
      if (READY.has(file.status)) return;
      if (BROKEN.has(file.status)) {
        throw new RollyardError("platform_refused", {
          message: `The platform can't use ${name}: ${file.status_details ?? file.status}.`,
        });
      }
      if (this.#clock.monotonicMs() > endMs) {
        throw new RollyardError("platform_unreachable", {
          message: `The platform has not read ${name} within 30 minutes; its file is ${uploaded.id}.`,
        });
      }
      await this.#clock.sleep(ASK_EVERY_MS);
    }
  }

  /** Creates the job. Sent once: when the answer is lost, a second try could make a second job. */
  async createJob(request: JobRequest, files: UploadedFiles): Promise<FineTuningJob> {
    const params = createParams(request, files);
    try {
      return await asked(() => this.#client.fineTuning.jobs.create(params, { maxRetries: 0 }));
    } catch (thrown) {
      const error = toRollyardError(thrown);
      if (error.code !== "platform_unreachable") throw error;
      const message = `${error.message} The job may have been created all the same: look at the platform's list of jobs before another try. The files are ${files.training} and ${files.validation}.`;
      throw new RollyardError(error.code, { message, cause: error });
    }
  }

  job(id: string): Promise<FineTuningJob> {
    return asked(() => this.#client.fineTuning.jobs.retrieve(id));
  }

  cancel(id: string): Promise<FineTuningJob> {
    return asked(() => this.#client.fineTuning.jobs.cancel(id));
  }

  /** Events that are not among `known`, oldest first; the platform lists the newest first. */
  async eventsSince(id: string, known: ReadonlySet<string>): Promise<readonly FineTuningJobEvent[]> {
    const fresh: FineTuningJobEvent[] = [];
    let page = await asked(() => this.#client.fineTuning.jobs.listEvents(id, { limit: EVENTS_A_PAGE }));
    for (let read = 1; ; read += 1) {
      const unknown = page.data.filter((event) => !known.has(event.id));
      fresh.push(...unknown);
      const isAll = unknown.length < page.data.length || !page.hasNextPage() || read === MAX_EVENT_PAGES;
      if (isAll) return fresh.toReversed();
      const before = page;
      page = await asked(() => before.getNextPage());
    }
  }
}

/**
 * The request in the package's own types. Those know neither the endpoint grader nor `tools`, which are documented by the
 * platforms' samples only: the fields that they know are checked, the two others are passed on.
 */
export function createParams(request: JobRequest, { training, validation }: UploadedFiles): JobCreateParams {
  const { method, ...rest } = request;
  const { grader, ...reinforcement } = method.reinforcement;
  return {
    ...rest,
    training_file: training,
    validation_file: validation,
    method: {
      type: method.type,
      reinforcement: { ...reinforcement, grader: grader as unknown as KnownGrader },
    },
  };
}

type KnownGrader = NonNullable<NonNullable<JobCreateParams["method"]>["reinforcement"]>["grader"];

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    throw platformError(thrown);
  }
}
