import { randomBytes } from "node:crypto";
import path from "node:path";
import type { EnvironmentInput, RunInput } from "../../../src/config/run-input.ts";
import { SecretStore } from "../../../src/config/secret-store.ts";
import { assetsDigest } from "../../../src/config/snapshot-assets.ts";
import { specHash } from "../../../src/config/spec-hash.ts";
import { serveProblem } from "../../../src/environment/serve-problem.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { GraderAssets } from "../../../src/grader/command/grader-file.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { servedJobSpec } from "../../../src/trace/served-job.ts";

/** What a local `serve` starts from. */
export interface ServeInput extends RunInput {
  /** Any of them opens it. */
  readonly keys: readonly string[];
}

const OWN_SECRET = { name: "rollyard-serve", key: "key" } as const;

/**
 * An environment as it is served on this machine: with the keys of its Secret where that was given, else with one that is made here.
 * Throws `bad_input` for an environment whose sandboxes depend on the row.
 */
export function serveInput(
  given: EnvironmentInput,
  origin: { readonly files: readonly string[]; readonly cwd: string },
  graderAssets: GraderAssets,
): ServeInput {
  const { environment } = given;
  const problem = serveProblem({ ...environment.spec, serve: { enabled: true } });
  if (problem !== null) throw new RollyardError("bad_input", { message: problem });
  const { authSecret } = environment.spec.serve;
  const known = authSecret === undefined ? undefined : given.secrets.get(authSecret);
  const reference = known === undefined ? OWN_SECRET : (authSecret ?? OWN_SECRET);
  const value = known ?? new Secret(randomBytes(24).toString("base64url"));
  const spec = {
    ...environment.spec,
    serve: { ...environment.spec.serve, enabled: true, authSecret: reference },
  };
  const { name, namespace } = environment.metadata;
  const job = servedJobSpec(name);
  const snapshot = { job, environment: spec, itemsSha256: "", ...assetsDigest(graderAssets) };
  const files = origin.files.map((file) => path.resolve(origin.cwd, file));
  return {
    ...given,
    environment: { ...environment, spec },
    secrets: withEntry(given.secrets, `${reference.name}/${reference.key}`, value),
    job: {
      apiVersion: "rollyard.dev/v1alpha1",
      kind: "RolloutJob",
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      spec: job,
    },
    items: [],
    graderAssets,
    snapshot,
    specHash: specHash(snapshot),
    origin: { files, jobFolder: origin.cwd, environmentFolder: origin.cwd, configMapFile: null },
    keys: value
      .reveal()
      .split(/\s+/u)
      .filter((key) => key !== ""),
  };
}

function withEntry(secrets: SecretStore, name: string, value: Secret): SecretStore {
  const all = secrets.names().flatMap((full): [string, Secret][] => {
    const slash = full.indexOf("/");
    const found = secrets.get({ name: full.slice(0, slash), key: full.slice(slash + 1) });
    return found === undefined ? [] : [[full, found]];
  });
  return new SecretStore([...all, [name, value]]);
}
