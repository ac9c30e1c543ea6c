import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { RIGHTS_FILE } from "./controller-account.ts";

/** One verb of one rule of the controller's roles. */
export interface Right {
  readonly role: JsonObject;
  /** Which of the role's rules. */
  readonly rule: number;
  readonly verb: string;
  /** Such as `rolloutjobs/status patch`. */
  readonly name: string;
}

/** Every right that `config/rbac` gives. */
export async function allRights(): Promise<readonly Right[]> {
  const documents = parseAllDocuments(await readFile(RIGHTS_FILE, "utf8"));
  const roles = documents
    .map((document) => objectOrEmpty(document.toJS()))
    .filter(({ kind }) => kind === "ClusterRole" || kind === "Role");
  return roles.flatMap((role) =>
    listOrEmpty(role["rules"]).flatMap((each, rule) => {
      const { resources, verbs } = objectOrEmpty(each);
      return listOrEmpty(verbs).map((verb) => {
        const text = textOrUndefined(verb) ?? "";
        const name = `${JSON.stringify(role["kind"])} ${JSON.stringify(resources)} ${text}`;
        return { role, rule, verb: text, name: name.replaceAll(/["[\]]/gu, "") };
      });
    }),
  );
}

/** The role without one right. */
export function roleWithout({ role, rule, verb }: Right): JsonObject {
  const rules = listOrEmpty(role["rules"]).map((each, index) => {
    if (index !== rule) return each;
    const { verbs, ...rest } = objectOrEmpty(each);
    return { ...rest, verbs: listOrEmpty(verbs).filter((kept) => kept !== verb) };
  });
  // A rule must have a verb.
  return { ...role, rules: rules.filter((each) => listOrEmpty(objectOrEmpty(each)["verbs"]).length > 0) };
}
