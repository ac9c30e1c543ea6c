import { readFile, readdir, readlink } from "node:fs/promises";
import { basename } from "node:path";
import type { SmallJob } from "./small-job.ts";

/** Where everything of a job's runs is. */
type JobPlace = Pick<SmallJob, "folder" | "temporary">;

/**
 * What is there of a job's runs beside its files: processes, mounts and sandbox folders, one line each. A process is
 * the job's when its command line or its environment names the job's folder, or when its own mounts come from the
 * sandboxes' folder: that finds the commands of agents too, whatever they are.
 */
export async function leftoversOf(job: JobPlace): Promise<readonly string[]> {
  const [processes, mounts, folders] = await Promise.all([
    processesOf(job),
    textOf("/proc/self/mountinfo"),
    readdir(job.temporary),
  ]);
  return [
    ...processes.map(({ pid, name }) => `process ${name} ${pid}`),
    ...linesWith(mounts, job.temporary).map((line) => `mount ${line}`),
    ...folders.map((name) => `folder ${name}`),
  ];
}

/** A process of a job's runs. */
export interface JobProcess {
  readonly pid: number;
  /** Name of its program. */
  readonly name: string;
}

/** See {@link leftoversOf}. */
export async function processesOf(job: JobPlace): Promise<readonly JobProcess[]> {
  const ownMounts = await readlink("/proc/self/ns/mnt");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => ofJob(pid, job, ownMounts)));
  return found.filter((process) => process !== null);
}

async function ofJob(pid: number, job: JobPlace, ownMounts: string): Promise<JobProcess | null> {
  const [argv, environment, mounts, namespace] = await Promise.all([
    textOf(`/proc/${pid}/cmdline`),
    textOf(`/proc/${pid}/environ`),
    textOf(`/proc/${pid}/mountinfo`),
    readlink(`/proc/${pid}/ns/mnt`).catch(() => ownMounts),
  ]);
  const isInSandbox = namespace !== ownMounts && linesWith(mounts, job.temporary).length > 0;
  if (!argv.includes(job.folder) && !environment.includes(job.folder) && !isInSandbox) return null;
  return { pid, name: basename(argv.split("\0")[0] ?? "") };
}

function linesWith(text: string, part: string): readonly string[] {
  return text.split("\n").filter((line) => line.includes(part));
}

/** Empty for a process that has ended meanwhile, and for one that is not ours to read. */
function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
