import { NODE_NAME } from "../cluster/control-plane-commands.ts";

/** One address behind a Service that selects no pods. */
export interface SliceOf {
  readonly namespace: string;
  readonly name: string;
  readonly portName: string;
  readonly address: string;
  readonly port: number;
}

/** The EndpointSlice of it. */
export function endpointSlice({ namespace, name, portName, address, port }: SliceOf): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: portName, port, protocol: "TCP" }],
  };
}

/** A volume of the node's, for whoever claims one without naming a class. */
export function localVolume(name: string, path: string): object {
  const isHere = { key: "kubernetes.io/hostname", operator: "In", values: [NODE_NAME] };
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: "24Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [isHere] }] } },
    },
  };
}
