import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LAUNCHERS } from "../../support/sandbox/launchers.ts";
import { sandboxSpec, TrySandbox } from "../../support/sandbox/try-sandbox.ts";

let venv = "";

/** In a folder that nobody else may enter, as a home is. */
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollyard-venv-"));
  venv = join(folder, "venv");
  await mkdir(join(venv, "bin"), { recursive: true });
  for (const program of ["hello", "true"]) {
    await writeFile(join(venv, "bin", program), "#!/bin/sh\necho from the venv\n");
    await chmod(join(venv, "bin", program), 0o755);
  }
});

afterEach(() => rm(join(venv, ".."), { recursive: true }));

it.for([LAUNCHERS.bubblewrap, LAUNCHERS.unshare, LAUNCHERS.process])(
  "a sandbox of the $name launcher finds a virtual environment's programs first, and can't change them",
  async ({ make, isolates }, { skip, onTestFinished }) => {
    const launcher = await make();
    if (typeof launcher === "string") return skip(launcher);
    onTestFinished(() => launcher.close());
    const sandbox = await TrySandbox.start(launcher, { spec: sandboxSpec(), venv });
    onTestFinished(() => sandbox.stop());
    const found = await sandbox.session.exec({
      callId: "true",
      argv: ["true"],
      timeoutMs: 5000,
      maxOutputBytes: 100,
    });
    expect(found).toMatchObject({ exitCode: 0, stdout: "from the venv\n" });
    const where = (await sandbox.sh("command -v hello")).stdout.trim();
    expect((await sandbox.sh("hello")).stdout).toBe("from the venv\n");
    const changed = (await sandbox.sh(`echo '#!/bin/sh' > ${where}; hello`)).stdout !== "from the venv\n";
    expect(isolates && changed).toBe(false);
    const plain = await TrySandbox.start(launcher, { spec: sandboxSpec() });
    onTestFinished(() => plain.stop());
    expect((await plain.sh("hello")).exitCode).toBe(127);
  },
);
