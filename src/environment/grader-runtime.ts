import { z } from "zod";
import { ALWAYS_CHECK, exactlyOneProblem } from "../lib/schema/cross-field.ts";

/** `spec.graderRuntime`: where `python` and `command` graders run. */
export const graderRuntimeSchema = z
  .strictObject({
    image: z.string().min(1).optional().meta({
      description:
        "Container image with the graders' packages; for sandboxes of the docker launcher, and on a cluster.",
    }),
    venv: z.string().min(1).optional().meta({
      description:
        "A requirements.txt, relative to this file; or `openai`, the packages of OpenAI's runtime in its versions (`./openai` is a file of that name). A virtual environment is made from it once, by this machine's python3 and pip, and graders' sandboxes get it read-only. For local runs without Docker.",
    }),
  })
  .superRefine((runtime, context) => {
    const problem = exactlyOneProblem(runtime, ["image", "venv"]);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  }, ALWAYS_CHECK);
