import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import type { KubeObject } from "./kube-object.ts";
import { metadataWithoutManagedFields } from "./managed-fields.ts";
import { resourcePath } from "./resource-path.ts";
import type { ApiResource, ResourcePlace, ResourceQuery } from "./resource-path.ts";
import type { KubeRequest, KubeResponse, KubeTransport } from "./transport/kube-transport.ts";
import { readStatus, refusal, writeResult } from "./write-result.ts";
import type { WriteResult } from "./write-result.ts";

/** A page of a list. */
export interface KubeList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** What a list's query may say, and what ends the call. */
export interface ListQuery {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly signal?: AbortSignal;
  /** What is left out of the answer's JSON before it is parsed. */
  readonly trim?: (json: string) => string;
}

/** How a patch is read. JSON merge patch is RFC 7396; apply owns the fields that it names. */
export type PatchType = "application/merge-patch+json" | "application/apply-patch+yaml";

/** What has to hold for a deletion, and how it goes. */
export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/**
 * Of an answer: the object's metadata alone.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
 */
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
/** Sends before a request that the API server throttles is given up. */
const MAX_SENDS = 4;
const FIRST_PAUSE_MS = 1000;

/**
 * Calls of the API server, in JSON as it is: nothing is copied into classes. Waits as `Retry-After` says, a few times;
 * whatever else fails is the caller's to try again. Rejects with `kube_unreachable`, `kube_throttled` or `kube_refused`.
 */
export class KubeClient {
  readonly #transport: KubeTransport;
  readonly #clock: Clock;

  constructor(transport: KubeTransport, clock: Clock = systemClock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** The object, or null when there is none. */
  async get<T extends KubeObject>(resource: ApiResource, place: ResourcePlace): Promise<T | null> {
    const response = await this.send({ method: "GET", path: resourcePath(resource, place) });
    if (response.status === 404) return null;
    if (response.status >= 300) throw refusal(response.status, readStatus(response).reason);
    return JSON.parse(response.body) as T;
  }

  /** A page of a list, or null when the place where the last page ended is no longer known (410). */
  async list<T extends KubeObject>(
    resource: ApiResource,
    place: ResourcePlace = {},
    { signal, trim = (json) => json, ...query }: ListQuery = {},
  ): Promise<KubeList<T> | null> {
    const path = resourcePath(resource, place, query);
    const response = await this.send({ method: "GET", path, ...(signal === undefined ? {} : { signal }) });
    if (response.status === 410) return null;
    if (response.status >= 300) throw refusal(response.status, readStatus(response).reason);
    return JSON.parse(trim(response.body)) as KubeList<T>;
  }

  async create<T extends KubeObject>(
    resource: ApiResource,
    place: ResourcePlace,
    object: object,
  ): Promise<WriteResult<T>> {
    return this.#write("POST", resourcePath(resource, place), { body: JSON.stringify(object) });
  }

  /** Creates it, and gets only the metadata back: the whole object is five times as long, and read for nothing. */
  async createLean(
    resource: ApiResource,
    place: ResourcePlace,
    object: object,
  ): Promise<WriteResult<KubeObject>> {
    const request = { body: JSON.stringify(object), accept: METADATA_ONLY };
    const answer = await this.send({ method: "POST", path: resourcePath(resource, place), ...request });
    return writeResult<KubeObject>({ ...answer, body: metadataWithoutManagedFields(answer.body) });
  }

  /** Refused as `conflict` unless the object's `resourceVersion` is still the current one. */
  async replace<T extends KubeObject>(
    resource: ApiResource,
    place: ResourcePlace,
    object: T,
  ): Promise<WriteResult<T>> {
    return this.#write("PUT", resourcePath(resource, place), { body: JSON.stringify(object) });
  }

  async patch<T extends KubeObject>(
    resource: ApiResource,
    place: ResourcePlace,
    { type = "application/merge-patch+json", body, query = {} }: Patch,
  ): Promise<WriteResult<T>> {
    const path = resourcePath(resource, place, query);
    return this.#write("PATCH", path, { body: JSON.stringify(body), contentType: type });
  }

  async delete(
    resource: ApiResource,
    place: ResourcePlace,
    options: DeleteOptions = {},
  ): Promise<WriteResult<unknown>> {
    const path = resourcePath(resource, place);
    return this.#write("DELETE", path, { body: JSON.stringify(options), accept: METADATA_ONLY });
  }

  /** The answer, whatever it is, but for 429, which is waited for first. */
  async send(request: KubeRequest): Promise<KubeResponse> {
    for (let sends = 1; ; sends += 1) {
      const response = await this.#transport.send(request);
      if (response.status !== 429 || sends === MAX_SENDS || request.signal?.aborted === true) return response;
      await this.#clock.sleep(response.retryAfterMs ?? FIRST_PAUSE_MS * sends, request.signal);
    }
  }

  async #write<T>(
    method: KubeRequest["method"],
    path: string,
    content: Pick<KubeRequest, "body" | "contentType" | "accept">,
  ): Promise<WriteResult<T>> {
    return writeResult<T>(await this.send({ method, path, ...content }));
  }
}

/** A partial change. Apply needs `fieldManager` in its query. */
export interface Patch {
  readonly type?: PatchType;
  readonly body: object;
  readonly query?: ResourceQuery;
}
