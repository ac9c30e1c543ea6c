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
  /** Uid of the sandbox that a pod is. */
  sandbox: `${API_GROUP}/sandbox`,
  /** Tells the pods of one sandbox template from those of another. */
  template: `${API_GROUP}/template`,
} as const;

/** The value of {@link LABELS.managedBy} on everything of ours. */
export const MANAGED_BY = "rollyard";

/** The value of {@link LABELS.component} on the pods of sandboxes. */
export const SANDBOX_COMPONENT = "sandbox";
