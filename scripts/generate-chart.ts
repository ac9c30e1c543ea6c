import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chartFiles } from "./chart/chart-files.ts";

const folder = fileURLToPath(new URL("../charts/rollyard/", import.meta.url));

for (const [path, text] of await chartFiles()) {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
