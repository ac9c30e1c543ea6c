/** What every object of the API server has, as far as we look at it. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** `metadata` of an object that the API server has stored. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** `namespace/name`, or the name alone for what belongs to no namespace: an object's key in caches and queues. */
export function objectKey({ namespace, name }: Pick<ObjectMeta, "namespace" | "name">): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
