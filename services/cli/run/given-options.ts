import path from "node:path";
import { z } from "zod";
import type { RunFlags } from "./run-flags.ts";

/** An option that a run was started with. */
export const givenOptionSchema = z.strictObject({
  flag: z.string(),
  /** As it was given; of a file what stands before its path. */
  value: z.string(),
  /** Absolute; null for what names no file. */
  file: z.string().nullable(),
});

/** See {@link givenOptionSchema}. */
export type GivenOption = z.output<typeof givenOptionSchema>;

/** The flags of a run without which it can't be resumed as it was. */
export type ResumeFlags = Pick<RunFlags, "sandbox" | "secret"> & Partial<RunFlags>;

const OVERRIDES = [
  ["--items", "items"],
  ["--samples", "samples"],
  ["--parallelism", "parallelism"],
  ["--model-url", "modelUrl"],
  ["--model", "model"],
] as const;

const SECRET_FILE = /^(?<before>[^=]+=file:)(?<where>.+)$/su;

/** The options that a resume needs again. Of a secret it is the name of its variable or file, never the value. */
export function givenOptions(flags: ResumeFlags, cwd: string): GivenOption[] {
  const option = (flag: string, value: string, file: string | null = null): GivenOption => ({
    flag,
    value,
    file,
  });
  return [
    ...OVERRIDES.flatMap(([flag, name]) => {
      const value = flags[name];
      return value === undefined ? [] : [option(flag, String(value))];
    }),
    ...(flags.sandbox === "auto" ? [] : [option("--sandbox", flags.sandbox)]),
    ...flags.secret.map((value) => {
      const { before, where } = SECRET_FILE.exec(value)?.groups ?? {};
      return before === undefined || where === undefined
        ? option("--secret", value)
        : option("--secret", before, path.resolve(cwd, where));
    }),
  ];
}
