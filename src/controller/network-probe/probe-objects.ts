import { API_GROUP } from "../../kube/api-group.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import { LABELS, MANAGED_BY } from "../../kube/labels.ts";
import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Dialled } from "./probe-verdict.ts";

/** Which of a probe's pods: `shut` is under a policy that lets nothing in or out, `open` under none of ours. */
export type ProbeSide = "open" | "shut";

const SIDE_LABEL = `${API_GROUP}/probe`;
const COMPONENT = "network-probe";
/** The label selector of all pods of probes. */
export const PROBE_PODS = `${LABELS.managedBy}=${MANAGED_BY},${LABELS.component}=${COMPONENT}`;
const POLICY = "rollyard-network-probe";
/** Exit code of `sandboxd dial` when nothing answered. */
const NOT_CONNECTED = 3;

/** The policy of the shut pods, in the controller's own namespace. It stays. */
export function probePolicy(namespace: string): JsonObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: POLICY, namespace, labels: { [LABELS.component]: COMPONENT } },
    spec: { podSelector: { matchLabels: { [SIDE_LABEL]: "shut" } }, policyTypes: ["Ingress", "Egress"] },
  };
}

/**
 * A pod that dials the API server, by the address that every pod is given, and ends. It waits first: a policy needs a
 * moment to reach the node of a new pod.
 */
export function probePod(
  side: ProbeSide,
  place: { namespace: string; name: string },
  image: string,
): JsonObject {
  const labels = { [LABELS.managedBy]: MANAGED_BY, [LABELS.component]: COMPONENT, [SIDE_LABEL]: side };
  const dial = ["dial", "--after", "5s", "--timeout", "5s"];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...place, labels },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      activeDeadlineSeconds: 120,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "dial",
          image,
          command: ["/sandboxd"],
          args: [...dial, "$(KUBERNETES_SERVICE_HOST)", "$(KUBERNETES_SERVICE_PORT)"],
          resources: {
            requests: { cpu: "10m", memory: "32Mi", "ephemeral-storage": "8Mi" },
            limits: { cpu: "100m", memory: "64Mi", "ephemeral-storage": "8Mi" },
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}

/** What a pod of a probe came to; null while it goes on. */
export function dialledBy(pod: KubeObject | null): Dialled | null {
  if (pod === null) return { kind: "unknown", detail: "a pod of the probe was removed." };
  const status = objectOrEmpty((pod as KubeObject & { readonly status?: unknown }).status);
  if (status["phase"] !== "Succeeded" && status["phase"] !== "Failed") return null;
  const [container] = listOrEmpty(status["containerStatuses"]);
  const terminated = objectOrEmpty(objectOrEmpty(objectOrEmpty(container)["state"])["terminated"]);
  const { exitCode } = terminated;
  if (exitCode === 0) return { kind: "connected" };
  if (exitCode === NOT_CONNECTED) return { kind: "refused" };
  const why = textOrUndefined(terminated["reason"]) ?? textOrUndefined(status["reason"]) ?? "no reason given";
  return { kind: "unknown", detail: `a pod of the probe failed (${why}).` };
}

/** Why a pod of a probe has not begun, in the kubelet's or the scheduler's words; empty when nobody said. */
export function waitingBecause(pod: KubeObject): string {
  const status = objectOrEmpty((pod as KubeObject & { readonly status?: unknown }).status);
  const [container] = listOrEmpty(status["containerStatuses"]);
  const waiting = objectOrEmpty(objectOrEmpty(objectOrEmpty(container)["state"])["waiting"]);
  const scheduled = listOrEmpty(status["conditions"])
    .map(objectOrEmpty)
    .find(({ type, status: holds }) => type === "PodScheduled" && holds === "False");
  return (
    [waiting["reason"], waiting["message"], scheduled?.["message"]].map(textOrUndefined).find(Boolean) ?? ""
  );
}
