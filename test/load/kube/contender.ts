/** Where a contender finds the API server. */
export interface ContenderSetup {
  readonly kubeconfigFile: string;
  readonly namespace: string;
  /** Another address of the same server, such as a proxy's that counts connections. */
  readonly server?: string;
}

/** A mirror of the namespace's pods in memory. */
export interface PodMirror {
  size(): number;
  /** Changes that it was told of since it began. */
  events(): number;
  stop(): Promise<void>;
}

/** One way to speak to the API server, as a controller does it. */
export interface Contender {
  createPod(pod: object): Promise<void>;
  /** Resolves once it holds the whole list. Absent: this contender only creates. */
  mirrorPods?(): Promise<PodMirror>;
  close(): Promise<void>;
}
