import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { GraderApi } from "../../../src/grader-http/grader-api.ts";
import { startGraderServer } from "../../../src/grader-http/grader-server.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { whenAborted } from "../../../src/lib/when-aborted.ts";
import type { CliIo } from "../cli-io.ts";
import type { Grading } from "../grading/open-grading.ts";

/** Where the API is served, and to whom. */
export interface ServeGraders {
  readonly port: number;
  readonly key: string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const PLACES = 64;

/** Serves OpenAI's grader API with the judges, tools and packages of an Environment until it is told to stop. */
export async function serveGraders(
  { environment }: EnvironmentInput,
  { port, key, signal }: ServeGraders,
  { grading, io }: { readonly grading: Grading; readonly io: Pick<CliIo, "stderr" | "stdout"> },
): Promise<void> {
  const { grader: _grader, ...around } = environment.spec;
  const surroundings = JSON.parse(JSON.stringify(around)) as JsonObject;
  const api = new GraderApi({
    surroundings: () => surroundings,
    grade: (spec, input, gone) => grading.grade(input, { spec, signal: gone }),
    clock: systemClock,
  });
  const server = await startGraderServer({ api, key, port, places: PLACES });
  io.stdout(`OPENAI_BASE_URL=http://127.0.0.1:${server.port}/v1\nOPENAI_API_KEY=${key}\n`);
  io.stderr("serving POST /v1/fine_tuning/alpha/graders/run and /validate; Ctrl-C ends it\n");
  await whenAborted(signal);
  await server.close();
}
