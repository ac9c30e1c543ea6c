import type { SecretKeyRef, SecretRef } from "../lib/schema/secret-ref.ts";
import { Secret } from "../lib/secret.ts";
import type { SecretDocument } from "./kubernetes-documents.ts";
import type { SecretEntries } from "./secret-flags.ts";

/** The secrets of a local run, in memory only. */
export class SecretStore {
  readonly #values: ReadonlyMap<string, Secret>;

  constructor(entries: SecretEntries) {
    this.#values = new Map(entries);
  }

  /** One value, or undefined when it was not given. */
  get({ name, key }: SecretKeyRef): Secret | undefined {
    return this.#values.get(`${name}/${key}`);
  }

  /** All values of one Secret by key; empty when it was not given. */
  all({ name }: SecretRef): Readonly<Record<string, Secret>> {
    const prefix = `${name}/`;
    const own = [...this.#values].filter(([nameAndKey]) => nameAndKey.startsWith(prefix));
    return Object.fromEntries(own.map(([nameAndKey, value]) => [nameAndKey.slice(prefix.length), value]));
  }

  /** Which values were given, as `NAME/KEY`. */
  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** Whether any value of this Secret was given. */
  has(name: string): boolean {
    return [...this.#values.keys()].some((nameAndKey) => nameAndKey.startsWith(`${name}/`));
  }
}

/** The values of a `Secret` document; `stringData` wins over `data`, as in a cluster. */
export function secretEntries(document: SecretDocument): SecretEntries {
  const decoded = Object.entries(document.data).map(([key, base64]): [string, string] => [
    key,
    Buffer.from(base64, "base64").toString("utf8"),
  ]);
  const merged = { ...Object.fromEntries(decoded), ...document.stringData };
  return Object.entries(merged).map(([key, text]): [string, Secret] => [
    `${document.metadata.name}/${key}`,
    new Secret(text),
  ]);
}
