/** One of our two kinds, as the API server's addresses and kubectl name it. */
export interface ApiKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
}

/** The API group of our kinds. */
export const API_GROUP = "rollyard.dev";

/** The one version of our kinds. */
export const API_VERSION = "v1alpha1";

/** What `kubectl get rollyard` lists. */
export const API_CATEGORY = "rollyard";

/** What a task is. */
export const ENVIRONMENT_KIND: ApiKind = {
  kind: "Environment",
  plural: "environments",
  singular: "environment",
  shortName: "renv",
};

/** The rollouts of one environment over one dataset with one model. */
export const ROLLOUT_JOB_KIND: ApiKind = {
  kind: "RolloutJob",
  plural: "rolloutjobs",
  singular: "rolloutjob",
  shortName: "rj",
};
