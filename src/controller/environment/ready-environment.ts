import type { EnvironmentSpec } from "../../environment/environment.ts";

/** An Environment whose spec was read and is valid. */
export interface ReadyEnvironment {
  /** Its name on the bus: 12 hex digits of its object's UID. */
  readonly uid: string;
  /** The whole UID of its object, for owner references. */
  readonly objectUid: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly spec: EnvironmentSpec;
  /** It was deleted and waits for those who use it: nobody else may begin to. */
  readonly isTerminating: boolean;
}

/** What is known of an Environment of a name. */
export type EnvironmentSight =
  | { readonly kind: "ready"; readonly environment: ReadyEnvironment }
  | { readonly kind: "missing" }
  /** Its spec can't be used; the message names the field. */
  | { readonly kind: "invalid"; readonly message: string };
