import type { JsonObject } from "../../lib/json.ts";

/** A list whose elements are told apart by `name`: two appliers can each own some. */
export const LIST_BY_NAME: JsonObject = {
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
};

/** A list whose elements are told apart by `type`. */
export const LIST_BY_TYPE: JsonObject = {
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
};
