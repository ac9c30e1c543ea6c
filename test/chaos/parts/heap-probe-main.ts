import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// Loaded before each Node process of a long run: on SIGUSR2 it collects garbage and writes down what is left, as a file with
// the process's id in the folder that it is told.

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const folder = process.env["CHAOS_HEAP_FOLDER"] ?? "";

process.on("SIGUSR2", () => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const file = join(folder, `${process.pid}.json`);
  // A reader sees all of it or nothing.
  writeFileSync(`${file}.part`, JSON.stringify({ liveBytes: heapUsed + arrayBuffers }));
  renameSync(`${file}.part`, file);
});
