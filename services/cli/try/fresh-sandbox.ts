import { randomBytes } from "node:crypto";
import type { SandboxSpec } from "../../../src/environment/sandbox-spec.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { signLeaseToken } from "../../../src/sandbox/lease-token.ts";
import type { SandboxLauncher, SandboxSession } from "../../../src/sandbox/port.ts";
import { SandboxdClient } from "../../../src/sandbox/sandboxd-client.ts";
import { selectLauncher } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import { generateSigningKeys, publicKeysOf } from "../../../src/sandbox/signing-keys.ts";
import type { CliIo } from "../cli-io.ts";
import { findSandboxd } from "../find-programs.ts";

/** Which sandbox to try. */
export interface FreshSandboxOptions {
  readonly spec: SandboxSpec;
  /** Absolute path of `spec.local`, when given. */
  readonly localFolder: string | undefined;
  readonly choice: SandboxChoice;
}

const TOKEN_LIFETIME_MS = 24 * 3_600_000;

/** Starts one sandbox of an environment, lets `use` work in it, and leaves nothing of it behind. */
export async function withFreshSandbox<T>(
  options: FreshSandboxOptions,
  io: CliIo,
  use: (session: SandboxSession) => Promise<T>,
): Promise<T> {
  const { spec, choice } = options;
  const launcher = await selectLauncher(choice, { sandboxd: await findSandboxd(io.env), spec });
  try {
    for (const sentence of launcher.notEnforced) io.stderr(`note: ${sentence}\n`);
    return await useOne(launcher, options, { io, use });
  } finally {
    await launcher.close();
  }
}

async function useOne<T>(
  launcher: SandboxLauncher,
  options: FreshSandboxOptions,
  { io, use }: { readonly io: CliIo; readonly use: (session: SandboxSession) => Promise<T> },
): Promise<T> {
  const { spec } = options;
  const localFolder = options.localFolder ?? null;
  const keys = generateSigningKeys();
  const sandboxUid = randomBytes(6).toString("hex");
  const publicKeys = publicKeysOf(keys);
  const sandbox = await launcher
    .start({ sandboxUid, spec, localFolder, publicKeys })
    .catch((error: unknown) => {
      showCause(error, io);
      throw error;
    });
  const subject = { sandboxUid, rollout: "try", attempt: 0, epoch: 0n };
  const { token } = signLeaseToken(keys, subject, Date.now() + TOKEN_LIFETIME_MS);
  const { endpoint } = sandbox;
  const session = new SandboxdClient({ endpoint, sandboxUid, token: () => token });
  try {
    return await use(session);
  } finally {
    await session.close();
    await sandbox.stop();
  }
}

/** What a failed setup command wrote is for the user who tries it, and for nobody else. */
function showCause(error: unknown, io: CliIo): void {
  if (error instanceof RollyardError && error.cause instanceof Error && error.cause.message !== "")
    io.stderr(`${error.cause.message}\n`);
}
