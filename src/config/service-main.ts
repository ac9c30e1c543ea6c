import { relative } from "node:path";
import { parseArgs } from "node:util";
import type { z } from "zod";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { Logger } from "../lib/logger.ts";
import { createPinoLogger } from "../telemetry/pino-logger.ts";
import { loadServiceConfig } from "./service-config.ts";

/** What a service gets of the process that it runs in. */
export interface ServiceContext {
  readonly logger: Logger;
  /** Aborts on SIGTERM and SIGINT: the service is to end in good order. */
  readonly stop: AbortSignal;
  /** Password of the NATS user; undefined when the servers ask for none. */
  readonly natsPassword: string | undefined;
}

/** A service as its process starts it. */
export interface Service<Schema extends z.ZodType> {
  readonly name: string;
  /** What it does, and what it takes from the environment; shown by `--help`. */
  readonly about: string;
  readonly schema: Schema;
  readonly natsPassword: string | undefined;
  readonly run: (config: z.output<Schema>, context: ServiceContext) => Promise<void>;
}

/** What is mended by another input, not by another try. */
const BAD_INPUT: ReadonlySet<string> = new Set(["bad_input", "kube_credentials"]);

/**
 * The whole life of a service process: reads `--config FILE`, runs, and sets the exit code: 0 in good order, 2 for what the
 * user gave, 1 for the rest, each with a sentence. Never rejects.
 */
export async function serviceMain<Schema extends z.ZodType>(
  host: NodeJS.Process,
  service: Service<Schema>,
): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) host.on(signal, () => stopping.abort());
  try {
    host.exitCode = await start(host, service, stopping.signal);
  } catch (error) {
    const isUsage = error instanceof TypeError && "code" in error;
    const known = toRollyardError(error);
    host.stderr.write(`rollyard ${service.name}: ${isUsage ? error.message : known.message}\n`);
    host.exitCode = isUsage || BAD_INPUT.has(known.code) ? 2 : 1;
  }
}

async function start<Schema extends z.ZodType>(
  host: NodeJS.Process,
  { name, about, schema, natsPassword, run }: Service<Schema>,
  stop: AbortSignal,
): Promise<number> {
  const { values } = parseArgs({
    args: host.argv.slice(2),
    options: { config: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true || values.config === undefined) {
    // In a clone it is a source, in the image compiled.
    const script = relative(host.cwd(), host.argv[1] ?? "");
    const usage = `Usage: node ${script} --config FILE\n\n${about}\n`;
    host[values.help === true ? "stdout" : "stderr"].write(usage);
    return values.help === true ? 0 : 2;
  }
  const config = await loadServiceConfig(values.config, schema);
  const logger = createPinoLogger({ file: null }).child({ service: name });
  await run(config, { logger, stop, natsPassword });
  return 0;
}
