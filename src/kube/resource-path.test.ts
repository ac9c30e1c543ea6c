import { expect, it } from "vitest";
import { resourcePath } from "./resource-path.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const JOBS = { group: "rollyard.dev", version: "v1alpha1", plural: "rolloutjobs" };

it.each([
  [resourcePath(PODS), "/api/v1/pods"],
  [resourcePath(PODS, { namespace: "a", name: "b" }), "/api/v1/namespaces/a/pods/b"],
  [
    resourcePath(JOBS, { namespace: "a", name: "b", subresource: "status" }),
    "/apis/rollyard.dev/v1alpha1/namespaces/a/rolloutjobs/b/status",
  ],
  [
    resourcePath(PODS, {}, { watch: true, limit: 5, continue: undefined, labelSelector: "a=b,c" }),
    "/api/v1/pods?watch=true&limit=5&labelSelector=a%3Db%2Cc",
  ],
  [resourcePath(PODS, { namespace: "../x", name: "a?b" }), "/api/v1/namespaces/..%2Fx/pods/a%3Fb"],
])("%s", (path, expected) => {
  expect(path).toBe(expected);
});
