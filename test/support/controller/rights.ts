import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { chartObjects } from "../chart/installed-chart.ts";

/** One verb of one rule of a role. */
export interface Right {
  readonly role: JsonObject;
  /** Which of the role's rules. */
  readonly rule: number;
  readonly verb: string;
  /** Such as `rolloutjobs/status patch`. */
  readonly name: string;
}

/** One verb of a rule for one of its resources. */
export interface ResourceRight extends Right {
  readonly resource: string;
}

/** The chart's roles of that name. */
export async function rolesOf(name: string): Promise<readonly JsonObject[]> {
  return (await chartObjects())
    .filter(({ kind, metadata }) => (kind === "ClusterRole" || kind === "Role") && metadata.name === name)
    .map((role) => role as unknown as JsonObject);
}

/** Every right that a role gives, for each resource by itself. */
export function rightsOf(role: JsonObject): readonly ResourceRight[] {
  return listOrEmpty(role["rules"]).flatMap((each, rule) => {
    const { resources, verbs } = objectOrEmpty(each);
    return listOrEmpty(resources).flatMap((resource) =>
      listOrEmpty(verbs).map((verb) => {
        const [what, how] = [textOrUndefined(resource) ?? "", textOrUndefined(verb) ?? ""];
        return { role, rule, resource: what, verb: how, name: `${what} ${how}` };
      }),
    );
  });
}

/** The role without one right, under another name. */
export function roleWithoutOne(right: ResourceRight, name: string): JsonObject {
  const { role, rule, resource, verb } = right;
  const rules = listOrEmpty(role["rules"]).flatMap((each, index) => {
    if (index !== rule) return [each];
    const whole = objectOrEmpty(each);
    const others = listOrEmpty(whole["resources"]).filter((kept) => kept !== resource);
    const verbs = listOrEmpty(whole["verbs"]).filter((kept) => kept !== verb);
    // A rule must have a verb, and a resource.
    return [
      ...(others.length === 0 ? [] : [{ ...whole, resources: others }]),
      ...(verbs.length === 0 ? [] : [{ ...whole, resources: [resource], verbs }]),
    ];
  });
  return { ...role, metadata: { name }, rules };
}

/** Every right that the chart gives the controller. */
export async function allRights(): Promise<readonly Right[]> {
  const roles = await rolesOf("rollyard-controller");
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

/** The role without one right of a whole rule. */
export function roleWithout({ role, rule, verb }: Right): JsonObject {
  const rules = listOrEmpty(role["rules"]).map((each, index) => {
    if (index !== rule) return each;
    const { verbs, ...rest } = objectOrEmpty(each);
    return { ...rest, verbs: listOrEmpty(verbs).filter((kept) => kept !== verb) };
  });
  // A rule must have a verb.
  return { ...role, rules: rules.filter((each) => listOrEmpty(objectOrEmpty(each)["verbs"]).length > 0) };
}
