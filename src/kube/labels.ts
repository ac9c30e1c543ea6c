import { API_GROUP } from "./api-group.ts";

/** Labels of what the controller makes: found by selectors, never parsed. */
export const LABELS = {
  managedBy: "app.kubernetes.io/managed-by",
  /** `sandbox` on the pods of sandboxes. */
  component: "app.kubernetes.io/component",
  /** Name of the Environment. */
  environment: `${API_GROUP}/environment`,
  /** Its uid as the bus has it. */
  environmentUid: `${API_GROUP}/environment-uid`,
} as const;

/** The value of {@link LABELS.managedBy} on everything of ours. */
export const MANAGED_BY = "rollyard";
