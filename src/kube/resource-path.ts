/** A kind of object, as addresses name it. The group of Pods and other core objects is the empty text. */
export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** Which object or objects of a kind. */
export interface ResourcePlace {
  /** Undefined: of all namespaces, or of none. */
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: "status" | "scale" | "eviction";
}

/** What a query may say; undefined is left out. */
export type ResourceQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** The path of a request about a resource, query included. Names are made safe for a path. */
export function resourcePath(
  { group, version, plural }: ApiResource,
  place: ResourcePlace = {},
  query: ResourceQuery = {},
): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const parts = [
    ...(place.namespace === undefined ? [] : ["namespaces", place.namespace]),
    plural,
    ...(place.name === undefined ? [] : [place.name]),
    ...(place.subresource === undefined ? [] : [place.subresource]),
  ];
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const path = [root, ...parts.map(encodeURIComponent)].join("/");
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}
