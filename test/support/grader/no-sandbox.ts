import type { AgentFiles } from "../../../src/grader/agent-files.ts";
import type { CleanSandbox } from "../../../src/grader/clean-sandbox.ts";

/** For graders that run no code. */
export const noCleanSandbox: CleanSandbox = {
  use: () => Promise.reject(new Error("the test has no clean sandbox")),
  close: () => Promise.resolve(),
};

/** For graders that read no files. */
export const noAgentFiles: AgentFiles = {
  take: () => Promise.reject(new Error("the test has no files of an agent")),
};
