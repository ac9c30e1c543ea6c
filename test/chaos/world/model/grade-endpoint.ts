import type { ServerResponse } from "node:http";
import type { SeededRandom } from "../../../../src/lib/seeded-random.ts";
import type { ModelConfig, Mood } from "./model-config.ts";

/** One question of a grader. */
export interface GradeQuestion {
  readonly body: string;
  readonly config: ModelConfig;
  readonly mood: Mood;
  readonly random: SeededRandom;
}

const SLOW_MS = 4000;

/** The grader's endpoint: 1 for the item's answer, else 0; slow or refusing for a while when it is told to be. */
export function answerGrade(question: GradeQuestion, response: ServerResponse): void {
  const { body, config, mood, random } = question;
  const isRefused = mood.grade === "refuses" || random.chance(config.troublePercent / 100);
  if (isRefused) return void response.writeHead(503, { "retry-after": "1" }).end();
  const { sample, item } = JSON.parse(body) as {
    readonly sample: { readonly output_text: string };
    readonly item: { readonly answer: string };
  };
  const score = sample.output_text === item.answer ? 1 : 0;
  const send = (): void => void response.end(JSON.stringify({ score }));
  if (mood.grade === "slow") setTimeout(send, SLOW_MS);
  else send();
}
