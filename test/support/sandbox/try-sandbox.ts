import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { sandboxSpecSchema } from "../../../src/environment/sandbox-spec.ts";
import type { SandboxSpec } from "../../../src/environment/sandbox-spec.ts";
import { signLeaseToken } from "../../../src/sandbox/lease-token.ts";
import type { ExecRequest, ExecResult, LaunchedSandbox, SandboxLauncher } from "../../../src/sandbox/port.ts";
import { SandboxdClient } from "../../../src/sandbox/sandboxd-client.ts";
import { generateSigningKeys, publicKeysOf } from "../../../src/sandbox/signing-keys.ts";
import type { SigningKeySet } from "../../../src/sandbox/signing-keys.ts";

/** Where the tests find sandboxd: as the set-up says, else where it puts it. */
export const SANDBOXD =
  process.env["ROLLYARD_SANDBOXD"] ?? fileURLToPath(new URL("../../../.cache/bin/sandboxd", import.meta.url));

/** A spec with all defaults but these. */
export function sandboxSpec(fields: Readonly<Record<string, unknown>> = {}): SandboxSpec {
  return sandboxSpecSchema.parse(fields);
}

/** Who a test's token is for. */
export interface TryHolder {
  readonly rollout?: string;
  readonly attempt?: number;
  readonly epoch?: bigint;
}

/** A started sandbox with a session of its first holder. */
export class TrySandbox {
  readonly launched: LaunchedSandbox;
  readonly session: SandboxdClient;
  readonly #keys: SigningKeySet;
  #calls = 0;

  private constructor(launched: LaunchedSandbox, keys: SigningKeySet) {
    this.launched = launched;
    this.#keys = keys;
    this.session = this.sessionOf({});
  }

  static async start(
    launcher: SandboxLauncher,
    options: { readonly spec?: SandboxSpec; readonly localFolder?: string; readonly venv?: string } = {},
  ): Promise<TrySandbox> {
    const keys = generateSigningKeys();
    const launched = await launcher.start({
      sandboxUid: randomBytes(6).toString("hex"),
      spec: options.spec ?? sandboxSpec(),
      localFolder: options.localFolder ?? null,
      venv: options.venv ?? null,
      publicKeys: publicKeysOf(keys),
    });
    return new TrySandbox(launched, keys);
  }

  /** A session of any holder; the caller closes it. */
  sessionOf({ rollout = "job-0-0", attempt = 0, epoch = 1n }: TryHolder): SandboxdClient {
    const { sandboxUid, endpoint } = this.launched;
    const subject = { sandboxUid, rollout, attempt, epoch };
    const { token } = signLeaseToken(this.#keys, subject, Date.now() + 600_000);
    return new SandboxdClient({ endpoint, sandboxUid, token: () => token });
  }

  /** Runs a shell command under a fresh call id. */
  sh(command: string, options: Partial<ExecRequest> = {}): Promise<ExecResult> {
    this.#calls += 1;
    return this.session.exec({
      callId: `call-${this.#calls}`,
      argv: ["/bin/sh", "-c", command],
      timeoutMs: 20_000,
      maxOutputBytes: 65_536,
      ...options,
    });
  }

  async stop(): Promise<void> {
    await this.session.close();
    await this.launched.stop();
  }
}
