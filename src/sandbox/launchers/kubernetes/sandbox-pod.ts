import type { SandboxSpec } from "../../../environment/sandbox-spec.ts";
import { API_GROUP, API_VERSION, ENVIRONMENT_KIND } from "../../../kube/api-group.ts";
import { busUid } from "../../../kube/bus-uid.ts";
import { LABELS, MANAGED_BY, SANDBOX_COMPONENT } from "../../../kube/labels.ts";
import type { JsonObject } from "../../../lib/json.ts";
import type { LaunchRequest } from "../../port.ts";
import { serveArgs } from "../sandboxd-argv.ts";
import { OWN_FOLDER, OWN_VOLUME_PREFIX, SANDBOX_CONTAINER, SANDBOXD_PORT } from "./pod-shape.ts";
import type { PodManifest } from "./pod-shape.ts";

/** The Environment that a pod belongs to. */
export interface PodOwner {
  readonly namespace: string;
  readonly name: string;
  /** The object's whole uid. */
  readonly uid: string;
}

/** What a pod is made from beside the sandbox's own template. */
export interface PodPlace {
  readonly owner: PodOwner;
  /** Image whose entry point is sandboxd. */
  readonly sandboxdImage: string;
  /** Name servers of sandboxes with an open network. */
  readonly nameservers: readonly string[];
}

/** Beyond the time in which the launcher expects a sandbox. */
const PROBE_MARGIN_SECONDS = 60;
const BIN = { name: `${OWN_VOLUME_PREFIX}bin`, mountPath: `${OWN_FOLDER}/bin` };
const RUN = { name: `${OWN_VOLUME_PREFIX}run`, mountPath: `${OWN_FOLDER}/run` };
const TMP = { name: `${OWN_VOLUME_PREFIX}tmp`, mountPath: "/tmp" };
const PROGRAM = `${BIN.mountPath}/sandboxd`;
const TERMINATION_FILE = "/dev/termination-log";
const GRACE_SECONDS = 5;
/** A name server that nobody is at: a look-up fails at once where there is no network. */
const NO_NAMESERVER = "127.0.0.1";

/** Name of the pod of a sandbox: one sandbox never has two. */
export function podName(owner: Pick<PodOwner, "name">, sandboxUid: string): string {
  return `${owner.name}-${sandboxUid}`;
}

/**
 * The pod of one sandbox: an init container copies sandboxd into it, whatever its image, and sandboxd is its entry point.
 * It holds no secret and no right: no token of a service account, no capability, nothing of the node.
 */
export function sandboxPod(request: LaunchRequest, place: PodPlace): PodManifest {
  const { spec, sandboxUid, placement } = request;
  const { owner } = place;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(owner, sandboxUid),
      namespace: owner.namespace,
      labels: {
        [LABELS.managedBy]: MANAGED_BY,
        [LABELS.component]: SANDBOX_COMPONENT,
        [LABELS.environment]: owner.name,
        [LABELS.environmentUid]: busUid(owner.uid),
        [LABELS.sandbox]: sandboxUid,
        ...given(LABELS.template, placement?.template),
        ...given("kueue.x-k8s.io/queue-name", placement?.queueName),
      },
      annotations: {
        // Its state can't be moved: an autoscaler that drains its node would waste the rollout.
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
      },
      ownerReferences: [ownerReference(owner)],
    },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostname: "sandbox",
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: podSecurity(spec),
      ...dns(spec, place.nameservers),
      ...given("runtimeClassName", spec.runtimeClassName),
      ...given("priorityClassName", placement?.priorityClassName),
      ...given(
        "imagePullSecrets",
        spec.imagePullSecrets?.map(({ name }) => ({ name })),
      ),
      volumes: [
        { name: BIN.name, emptyDir: {} },
        { name: RUN.name, emptyDir: { sizeLimit: "1Mi" } },
        { name: TMP.name, emptyDir: {} },
      ],
      initContainers: [installer(place.sandboxdImage)],
      containers: [sandboxContainer(request)],
    },
  };
}

function ownerReference(owner: PodOwner): JsonObject {
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: ENVIRONMENT_KIND.kind,
    name: owner.name,
    uid: owner.uid,
    controller: true,
    blockOwnerDeletion: false,
  };
}

function podSecurity({ runAsUser }: SandboxSpec): JsonObject {
  return {
    runAsUser,
    runAsGroup: runAsUser,
    fsGroup: runAsUser,
    runAsNonRoot: runAsUser !== 0,
    seccompProfile: { type: "RuntimeDefault" },
  };
}

const LEAST_RIGHTS = { privileged: false, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

function dns({ network }: SandboxSpec, nameservers: readonly string[]): JsonObject {
  const servers = network === "open" && nameservers.length > 0 ? nameservers : [NO_NAMESERVER];
  return { dnsPolicy: "None", dnsConfig: { nameservers: servers } };
}

/** Copies sandboxd to where the sandbox runs it. */
function installer(image: string): JsonObject {
  return {
    name: "install-sandboxd",
    image,
    // Its entry point is sandboxd.
    args: ["install", PROGRAM],
    securityContext: { ...LEAST_RIGHTS, readOnlyRootFilesystem: true },
    resources: {
      requests: { cpu: "10m", memory: "16Mi" },
      limits: { cpu: "500m", memory: "64Mi", "ephemeral-storage": "64Mi" },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [BIN],
  };
}

function sandboxContainer(request: LaunchRequest): PodManifest["spec"]["containers"][0] {
  const { spec } = request;
  return {
    name: SANDBOX_CONTAINER,
    image: spec.image ?? "",
    ...given("imagePullPolicy", spec.imagePullPolicy),
    command: [PROGRAM],
    args: sandboxdArgs(request).map(withoutExpansion),
    ports: [{ name: "sandboxd", containerPort: SANDBOXD_PORT, protocol: "TCP" }],
    // The pod is ready once sandboxd has answered, and is probed no more: that busy commands keep it from an answer is no
    // reason to write to the API server, and thousands of sandboxes would cost their nodes a probe a second each. The
    // launcher gives up first.
    startupProbe: {
      httpGet: { path: "/healthz", port: SANDBOXD_PORT },
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: spec.readySeconds + PROBE_MARGIN_SECONDS,
    },
    resources: { requests: spec.resources.requests, limits: spec.resources.limits },
    securityContext: { ...LEAST_RIGHTS, readOnlyRootFilesystem: spec.readOnlyRoot },
    terminationMessagePath: TERMINATION_FILE,
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [{ ...BIN, readOnly: true }, RUN, TMP],
  };
}

function sandboxdArgs(request: LaunchRequest): readonly string[] {
  const { workdir } = request.spec;
  return [
    serveArgs(request, { listen: `tcp::${SANDBOXD_PORT}`, workdir, env: {} }),
    // The image's own.
    ["--pass-env", "PATH"],
    "--pid-namespace",
    "--refuse-local-peers",
    ["--boot-marker", `${RUN.mountPath}/started`],
    ["--spill-dir", TMP.mountPath],
    ["--termination-message", TERMINATION_FILE],
  ].flat();
}

/**
 * The kubelet puts variables for `$(NAME)`, of which it always has some, and `$` for `$$`.
 * Source: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
 */
function withoutExpansion(text: string): string {
  return text.replaceAll("$", "$$$$");
}

function given<T>(name: string, value: T | undefined): Readonly<Record<string, T>> {
  return value === undefined ? {} : { [name]: value };
}
