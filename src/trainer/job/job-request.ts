import type { JsonObject } from "../../lib/json.ts";
import type { TrainerMethod } from "./trainer-method.ts";

/** Level of reasoning that the policy trains with. */
export const REASONING_EFFORTS = ["default", "low", "medium", "high"] as const;

/** A hyperparameter that the platform may choose. */
export type AutoNumber = "auto" | number;

/** Hyperparameters of reinforcement fine-tuning, as the platforms call them. */
export interface TrainerHyperparameters {
  readonly n_epochs?: AutoNumber;
  readonly batch_size?: AutoNumber;
  readonly learning_rate_multiplier?: AutoNumber;
  readonly compute_multiplier?: AutoNumber;
  readonly eval_interval?: AutoNumber;
  readonly eval_samples?: AutoNumber;
  readonly reasoning_effort?: (typeof REASONING_EFFORTS)[number];
}

/** What a fine-tuning job is made of. */
export interface JobParts {
  readonly model: string;
  readonly method: TrainerMethod;
  readonly hyperparameters: TrainerHyperparameters;
  readonly maxEpisodeSteps?: number;
  readonly suffix?: string;
  readonly seed?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fields of the request that this version does not know. */
  readonly extra?: JsonObject;
}

/** A request for a fine-tuning job but for its two files. */
export interface JobRequest {
  readonly model: string;
  readonly suffix?: string;
  readonly seed?: number;
  readonly metadata?: Record<string, string>;
  readonly method: {
    readonly type: "reinforcement";
    readonly reinforcement: TrainerMethod & { readonly hyperparameters?: TrainerHyperparameters };
  };
}

/** Puts the request together. Pure. */
export function jobRequest({ model, method, hyperparameters, extra, ...parts }: JobParts): JobRequest {
  const { maxEpisodeSteps, suffix, seed, metadata } = parts;
  const reinforcement = {
    ...method,
    ...(maxEpisodeSteps === undefined ? {} : { max_episode_steps: maxEpisodeSteps }),
    ...(Object.keys(hyperparameters).length === 0 ? {} : { hyperparameters }),
  };
  return {
    model,
    ...(suffix === undefined ? {} : { suffix }),
    ...(seed === undefined ? {} : { seed }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    method: { type: "reinforcement", reinforcement },
    ...extra,
  };
}
