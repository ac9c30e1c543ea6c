import type { JsonObject } from "../../../lib/json.ts";

/** Port of sandboxd in a pod. */
export const SANDBOXD_PORT = 8321;

/** Name of the container that sandboxd and the agent's commands run in. */
export const SANDBOX_CONTAINER = "sandbox";

/** Names of our volumes begin so. */
export const OWN_VOLUME_PREFIX = "rollyard-";

/** Folder of our own in every sandbox. */
export const OWN_FOLDER = "/.rollyard";

/** A pod as it is sent to the API server, as far as we look at it again. */
export interface PodManifest extends JsonObject {
  readonly metadata: JsonObject & {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: JsonObject & {
    readonly volumes: readonly JsonObject[];
    readonly containers: readonly [JsonObject & { readonly volumeMounts: readonly JsonObject[] }];
  };
}
