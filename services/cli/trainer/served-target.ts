import { basename } from "node:path";
import { z } from "zod";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { didYouMean } from "../../../src/lib/nearest-name.ts";
import { httpHeadersSchema } from "../../../src/lib/schema/headers.ts";
import { httpUrlSchema } from "../../../src/lib/schema/http-url.ts";
import type { CliIo } from "../cli-io.ts";
import { headersOf } from "./header-flags.ts";
import { readServedLine } from "./served-line.ts";

/** Flags that say where the endpoints are. */
export interface TargetFlags {
  readonly target?: string;
  readonly tools?: string;
  readonly tool?: string;
  readonly grader?: string;
  readonly header: readonly string[];
}

/** An environment as a trainer reaches it. */
export interface ServedTarget {
  readonly headers: Readonly<Record<string, string>>;
  readonly toolName: string;
  readonly toolUrl: string;
  readonly graderUrl: string;
}

/** An environment as it is given to a trainer: every tool, the grader, and the headers that both want. */
const servedSchema = z.object({
  headers: httpHeadersSchema,
  tools: z.array(z.object({ name: z.string(), server_url: httpUrlSchema })).min(1),
  grader: z.object({ url: httpUrlSchema }),
});

/** Where the tool and the grader are, from --target or from --tools and --grader. Throws `bad_input`. */
export async function readTarget(
  flags: TargetFlags,
  io: Pick<CliIo, "env" | "cwd" | "stderr">,
): Promise<ServedTarget> {
  const headers = await headersOf(flags.header, io);
  if (flags.target !== undefined) return { ...(await fromFile(flags.target, flags, io)), ...extra(headers) };
  const { tools, grader } = flags;
  if (tools === undefined || grader === undefined) {
    throw wrong(
      "Give --tools URL and --grader URL, or --target FILE with the line that rollyard serve --json prints.",
    );
  }
  const toolUrl = requireUrl(tools, "--tools");
  return {
    headers,
    toolName: flags.tool ?? basename(new URL(toolUrl).pathname),
    toolUrl,
    graderUrl: requireUrl(grader, "--grader"),
  };
}

function extra(headers: Readonly<Record<string, string>>): Partial<ServedTarget> {
  return Object.keys(headers).length === 0 ? {} : { headers };
}

async function fromFile(
  file: string,
  { tool }: TargetFlags,
  io: Pick<CliIo, "cwd" | "stderr">,
): Promise<ServedTarget> {
  const served = servedSchema.safeParse(await readServedLine(file, io));
  if (!served.success)
    throw wrong(
      `${file} is not the line that rollyard serve --json prints: headers, tools with server_url, grader with url.`,
    );
  const { headers, tools, grader } = served.data;
  const found = tool === undefined ? tools[0] : tools.find(({ name }) => name === tool);
  if (found === undefined) {
    const names = tools.map(({ name }) => name);
    throw wrong(`${file} has no tool of that name${didYouMean(tool ?? "", names) || "."}`);
  }
  return { headers, toolName: found.name, toolUrl: found.server_url, graderUrl: grader.url };
}

function requireUrl(text: string, flag: string): string {
  const parsed = httpUrlSchema.safeParse(text);
  if (!parsed.success) throw wrong(`${flag} must be an http:// or https:// URL without a name or password.`);
  return parsed.data;
}

function wrong(message: string): RollyardError {
  return new RollyardError("bad_input", { message });
}
