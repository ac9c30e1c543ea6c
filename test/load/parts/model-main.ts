import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { toolTurns } from "../../support/model/mock-scripts.ts";
import { TOOL_ARGUMENTS, TOOL_NAME } from "../bench/load.ts";
import type { Load } from "../bench/load.ts";
import { servePart } from "../bench/serve-part.ts";

/** The mock model in a process of its own. */
export type ModelApi = {
  /** Resolves with the base URL. */
  start(load: Load): Promise<string>;
  /** Requests so far. */
  requests(): Promise<number>;
};

let model: MockModel | undefined;

servePart(
  {
    start: async ({ modelLatencyMs }) => {
      model = await startMockModel({
        latencyMs: modelLatencyMs,
        isRecording: false,
        script: toolTurns({
          turns: Number.POSITIVE_INFINITY,
          calls: [{ name: TOOL_NAME, arguments: TOOL_ARGUMENTS }],
          answer: "",
        }),
      });
      return model.baseURL;
    },
    requests: async () => model?.requestCount ?? 0,
  } satisfies ModelApi,
  async () => model?.close(),
);
