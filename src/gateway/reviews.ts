import { RollyardError } from "../errors/rollyard-error.ts";
import { API_GROUP, API_VERSION, ROLLOUT_JOB_KIND } from "../kube/api-group.ts";
import { SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS } from "../kube/api-resources.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeObject } from "../kube/kube-object.ts";
import type { ApiResource } from "../kube/resource-path.ts";
import type { JobAccess } from "./job-access.ts";

/** A token's owner, as the cluster says; all of it belongs into the question of what they may do. */
export interface ReviewedUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The two questions to the cluster. */
export interface Reviews {
  /** Null for a token that the cluster does not accept. */
  userOf(token: string): Promise<ReviewedUser | null>;
  isAllowed(user: ReviewedUser, access: JobAccess): Promise<boolean>;
}

interface TokenReview extends KubeObject {
  readonly status?: { readonly authenticated?: boolean; readonly user?: Partial<ReviewedUser> };
}

interface AccessReview extends KubeObject {
  readonly status?: { readonly allowed?: boolean };
}

/** Asks the API server, by TokenReview and SubjectAccessReview. */
export function kubeReviews(client: Pick<KubeClient, "create">): Reviews {
  return {
    userOf: async (token) => {
      const { status } = await review<TokenReview>(client, TOKEN_REVIEWS, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token },
      });
      const { username } = status?.user ?? {};
      if (status?.authenticated !== true || username === undefined || username === "") return null;
      return { ...status.user, username };
    },
    isAllowed: async ({ username, uid, groups, extra }, access) => {
      const { namespace, resource = ROLLOUT_JOB_KIND.plural, name, verb, subresource } = access;
      const resourceAttributes = {
        namespace,
        verb,
        group: API_GROUP,
        version: API_VERSION,
        resource,
        ...(name === undefined ? {} : { name }),
        ...(subresource === undefined ? {} : { subresource }),
      };
      const { status } = await review<AccessReview>(client, SUBJECT_ACCESS_REVIEWS, {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: username, uid, groups, extra, resourceAttributes },
      });
      return status?.allowed === true;
    },
  };
}

async function review<T extends KubeObject>(
  client: Pick<KubeClient, "create">,
  resource: ApiResource,
  object: object,
): Promise<T> {
  const result = await client.create<T>(resource, {}, object);
  if (result.kind === "done") return result.object;
  // Nobody who asks us can help that: it is our own account that lacks a right.
  throw new RollyardError("kube_refused", {
    message: `The gateway's own account may not create ${resource.plural}; an administrator must give it its rights (config/rbac/gateway.yaml).`,
    details: { resource: resource.plural, answer: result.kind },
  });
}
