/** How to reach an API server and prove who we are. What rotates is read again for each request. */
export interface KubeCredentials {
  /** Such as `https://10.0.0.1:443`. */
  readonly server: string;
  readonly tls: KubeTls;
  /** The namespace that objects without one go to. */
  readonly namespace: string;
  /** The value of the `Authorization` header now, or undefined for those who sign in by certificate. */
  authorization(): Promise<string | undefined>;
  /** The server has refused the last value: what was kept of it is not to be used again. */
  forget(): void;
}

/** What a TLS connection to the API server needs; texts are PEM. */
export interface KubeTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}
