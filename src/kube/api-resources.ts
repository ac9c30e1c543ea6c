import { API_GROUP, API_VERSION, ENVIRONMENT_KIND, ROLLOUT_JOB_KIND } from "./api-group.ts";
import type { ApiResource } from "./resource-path.ts";

const core = (plural: string): ApiResource => ({ group: "", version: "v1", plural });

/** Small plain values and files. */
export const CONFIG_MAPS = core("configmaps");

/** Which kinds there are beside the cluster's own. */
export const CUSTOM_RESOURCE_DEFINITIONS: ApiResource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
};

/** Pods that are kept running and replaced one by one. */
export const DEPLOYMENTS: ApiResource = { group: "apps", version: "v1", plural: "deployments" };

/** What tasks are. */
export const ENVIRONMENTS: ApiResource = {
  group: API_GROUP,
  version: API_VERSION,
  plural: ENVIRONMENT_KIND.plural,
};

/** What kubectl describe shows of an object's life. */
export const EVENTS = core("events");

/** Which traffic pods may have. */
export const NETWORK_POLICIES: ApiResource = {
  group: "networking.k8s.io",
  version: "v1",
  plural: "networkpolicies",
};

/** Machines that run pods. */
export const NODES = core("nodes");

/** Running containers. */
export const PODS = core("pods");

/** Rollouts of an environment over a dataset. */
export const ROLLOUT_JOBS: ApiResource = {
  group: API_GROUP,
  version: API_VERSION,
  plural: ROLLOUT_JOB_KIND.plural,
};

/** Small confidential values. */
export const SECRETS = core("secrets");

/** Whether somebody may do something; only ever created. */
export const SUBJECT_ACCESS_REVIEWS: ApiResource = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "subjectaccessreviews",
};

/** Whose a token is; only ever created. */
export const TOKEN_REVIEWS: ApiResource = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "tokenreviews",
};
