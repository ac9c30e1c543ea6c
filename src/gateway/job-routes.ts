import type { FastifyReply, FastifyRequest } from "fastify";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { callerToken } from "./caller-token.ts";
import { findJob } from "./find-job.ts";
import type { FoundJob } from "./find-job.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import type { JobAccess } from "./job-access.ts";
import { readJobRequest } from "./job-request.ts";
import { jobView, trueConditions } from "./job-view.ts";
import { readLogs } from "./read-logs.ts";
import { readResults } from "./read-results.ts";
import type { ReadJob, ResultsDeps } from "./read-results.ts";
import { discardRest, readJsonBody, requireSize } from "./request-body.ts";
import {
  datasetQuerySchema,
  jobPathSchema,
  namespacePathSchema,
  readInput,
  readLogsQuery,
  resultsQuerySchema,
} from "./route-inputs.ts";
import { streamAnswer } from "./stream-answer.ts";
import type { StreamedRoute } from "./stream-answer.ts";
import { submitJob } from "./submit-job.ts";
import { copyRows, uploadRows } from "./upload-rows.ts";

/** The routes of RolloutJobs. Each asks first who the caller is and whether they may; a body is read after that alone. */
export class JobRoutes {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** `GET /v1/namespaces/:namespace/jobs/:name` */
  async job(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const place = readInput(jobPathSchema, request.params);
    await this.#authorize(request, { ...place, verb: "get" });
    const { datasetBytes } = this.#parts.limits;
    const job = await findJob(this.#parts.client, place);
    await reply.send({ ...jobView(job), limits: { dataset_bytes: datasetBytes } });
  }

  /** `POST /v1/namespaces/:namespace/jobs` */
  async submit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { bus, client, callers, limits, newName } = this.#parts;
    const { namespace } = readInput(namespacePathSchema, request.params);
    await this.#authorize(request, { namespace, verb: "create" });
    await this.#withBody(request, async () => {
      const body = await readJsonBody(request.raw, limits.submitBytes);
      const newJob = readJobRequest(body, newName);
      const authorization = `Bearer ${callerToken(request.headers)}`;
      const deps = { client, callers, store: bus };
      const { job, isNew } = await submitJob(deps, namespace, { newJob, authorization });
      const { samplesPerItem, indexes } = newJob.spec;
      await reply.code(isNew ? 201 : 200).send({
        namespace,
        name: job.name,
        uid: job.uid,
        rows: newJob.rows,
        ...(indexes === undefined ? { rollouts: newJob.rows * samplesPerItem } : {}),
      });
    });
  }

  /** `PUT /v1/namespaces/:namespace/jobs/:name/dataset` */
  async dataset(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { bus, client, limits } = this.#parts;
    const place = readInput(jobPathSchema, request.params);
    const { uid, copyFrom } = readInput(datasetQuerySchema, request.query);
    await this.#authorize(request, { ...place, verb: "update", subresource: "dataset" });
    const job = await this.#jobOf(place, uid);
    const deps = { store: bus, maxBytes: limits.datasetBytes };
    await this.#withBody(request, async () => {
      if (copyFrom !== undefined) {
        const source = { namespace: place.namespace, name: copyFrom };
        await this.#authorize(request, { ...source, verb: "get", subresource: "results" });
        const copied = await copyRows(deps, await findJob(client, source), job);
        return void (await reply.send({ sha256: copied.sha256, size_bytes: copied.sizeBytes }));
      }
      requireSize(request.raw, limits.datasetBytes);
      const { sha256, sizeBytes } = await uploadRows(deps, job, request.raw as AsyncIterable<Buffer>);
      await reply.send({ sha256, size_bytes: sizeBytes });
    });
  }

  /** `GET /v1/namespaces/:namespace/jobs/:name/results` */
  async results(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const query = readInput(resultsQuerySchema, request.query);
    await this.#stream(request, reply, {
      route: "results",
      lines: (deps, job) => readResults(deps, job, query),
    });
  }

  /** `GET /v1/namespaces/:namespace/jobs/:name/log` */
  async log(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const query = readLogsQuery(request.query);
    await this.#stream(request, reply, { route: "log", lines: (deps, job) => readLogs(deps, job, query) });
  }

  async #stream(request: FastifyRequest, reply: FastifyReply, { route, lines }: JobLines): Promise<void> {
    const place = readInput(jobPathSchema, request.params);
    await streamAnswer(
      this.#parts,
      { request, reply },
      {
        route,
        access: { ...place, verb: "get", subresource: route },
        open: async () => {
          const job = await findJob(this.#parts.client, place);
          const { jobUid, spec } = job;
          return {
            lines: (deps) => lines(deps, { namespace: place.namespace, jobUid, retry: spec?.retry ?? null }),
            tell: () => this.#told(job),
          };
        },
      },
    );
  }

  /** What a reader who waits is told; null when the job that they read is not there any more. */
  async #told(job: FoundJob): Promise<object | null> {
    const now = await findJob(this.#parts.client, job).catch((error: unknown) => {
      if (toRollyardError(error).code === "job_not_found") return null;
      throw error;
    });
    return now === null || now.uid !== job.uid ? null : { conditions: trueConditions(now) };
  }

  async #jobOf(
    place: { readonly namespace: string; readonly name: string },
    uid?: string,
  ): Promise<FoundJob> {
    const job = await findJob(this.#parts.client, place);
    if (uid === undefined || job.uid === uid) return job;
    throw new RollyardError("job_not_found", {
      message: `The RolloutJob "${place.name}" was deleted, and another one of its name made since.`,
    });
  }

  #authorize(request: FastifyRequest, access: JobAccess): Promise<void> {
    return authorizeRequest(this.#parts.authorizer, request, access);
  }

  async #withBody(request: FastifyRequest, act: () => Promise<void>): Promise<void> {
    const giveBack = this.#parts.places.bodies.take();
    try {
      await act();
    } catch (error) {
      await discardRest(request.raw);
      throw error;
    } finally {
      giveBack();
    }
  }
}

interface JobLines {
  readonly route: StreamedRoute["route"];
  readonly lines: (deps: ResultsDeps, job: ReadJob) => AsyncIterable<{ readonly type: string }>;
}
