import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { httpUrlSchema } from "../../../src/lib/schema/http-url.ts";
import { FineTuningClient } from "../../../src/trainer-http/fine-tuning-client.ts";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { headersOf, sourcedValue } from "./header-flags.ts";

/** How a command finds the platform. */
export interface PlatformFlags {
  readonly baseUrl?: string;
  readonly apiKey?: string;
  readonly platformHeader: readonly string[];
}

/** Says where jobs run; part of the help of each command that asks the platform. */
export const WHICH_PLATFORM = `The platform: --base-url (OPENAI_BASE_URL), Microsoft Foundry's is https://RESOURCE.openai.azure.com/openai/v1 and OpenAI's
https://api.openai.com/v1; its key or token: --api-key env:VAR or file:PATH (OPENAI_API_KEY), sent as Authorization: Bearer.
OpenAI takes no new jobs after 2027-01-06.
`;

/** Adds the options by which the platform is found. */
export function addPlatformOptions(command: Command): Command {
  return command
    .option("--base-url <url>", "the platform's API with its version")
    .option("--api-key <env:VAR|file:PATH>", "where the platform's key is")
    .option(
      "--platform-header <name: value>",
      "sent to the platform; VALUE may end in env:VAR or file:PATH; may be repeated",
      collected,
      [],
    );
}

/** The platform that the flags name. Throws `bad_input` when no address or no key is given. */
export async function platformOf(flags: PlatformFlags, io: CliIo): Promise<FineTuningClient> {
  const baseURL = flags.baseUrl ?? io.env["OPENAI_BASE_URL"] ?? "";
  if (!httpUrlSchema.safeParse(baseURL).success) {
    throw new RollyardError("bad_input", {
      message:
        "Give the platform's address: --base-url https://RESOURCE.openai.azure.com/openai/v1 (Microsoft Foundry) or https://api.openai.com/v1 (OpenAI).",
    });
  }
  const apiKey =
    flags.apiKey === undefined ? io.env["OPENAI_API_KEY"] : await sourcedValue(flags.apiKey, "--api-key", io);
  if (apiKey === undefined || apiKey === "") {
    throw new RollyardError("bad_input", {
      message: "Give the platform's key: --api-key env:VAR or file:PATH, or OPENAI_API_KEY.",
    });
  }
  const headers = await headersOf(flags.platformHeader, io, "--platform-header");
  return new FineTuningClient({ baseURL, apiKey, headers });
}
