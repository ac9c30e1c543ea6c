import { fine, problem } from "../../../src/job/finding.ts";
import type { Finding } from "../../../src/job/finding.ts";
import { minorOf, versionGap } from "./version-gap.ts";

/** A Deployment of an installation. */
export interface InstalledService {
  readonly name: string;
  /** Helm's release. */
  readonly release: string;
  /** Of the chart that made it. */
  readonly version: string;
  /** The tag of its image; null without one. */
  readonly imageTag: string | null;
  /** `stuck`: the cluster has given its new pods up. */
  readonly rollout: "done" | "under_way" | "stuck";
}

/** A CRD that a chart installed. */
export interface InstalledCrd {
  readonly name: string;
  readonly version: string;
}

/** What is looked at of an installation. */
export interface InstallationFacts {
  readonly namespace: string;
  /** Version of the program that asks. */
  readonly commandLine: string;
  readonly services: readonly InstalledService[];
  /** Null when they may not be looked at. */
  readonly crds: readonly InstalledCrd[] | null;
}

/** Minor versions that one upgrade may go over: the chart refuses more. */
const MOST_MINORS = 2;

/** Compares the versions of what is installed with each other and with the command line's, a release at a time. Pure. */
export function diagnoseInstallation(facts: InstallationFacts): readonly Finding[] {
  const releases = Map.groupBy(facts.services, ({ release }) => release);
  return [...releases].flatMap(([release, services]) => [
    ...versionFindings({ ...facts, release, services }),
    ...rolloutFindings(facts.namespace, services),
  ]);
}

interface ReleaseFacts extends InstallationFacts {
  readonly release: string;
}

function versionFindings(facts: ReleaseFacts): readonly Finding[] {
  const { namespace, release, services } = facts;
  const versions = [...Map.groupBy(services, ({ version }) => version)];
  const [first] = versions;
  if (first === undefined) return [];
  if (versions.length === 1) {
    const [version] = first;
    return [
      commandLineFinding(facts, version),
      ...crdFindings(facts, version),
      ...tagFindings(facts, version),
    ];
  }
  const each = versions.map(([version, own]) => `${namesOf(own)} of ${version}`).join(", ");
  return [
    problem(
      "versions_mixed",
      `An upgrade of Rollyard in ${namespace} is under way or stuck: ${each}.`,
      `See how far it is: helm status ${release} -n ${namespace}. If it has failed, run the same helm upgrade again.`,
    ),
  ];
}

function commandLineFinding({ namespace, commandLine }: ReleaseFacts, version: string): Finding {
  const installed = `Rollyard ${version} is installed in ${namespace}`;
  switch (versionGap(version, commandLine)) {
    case "same":
      return fine("versions", `${installed}, and this command line is of that version.`);
    case "patch":
      return fine(
        "versions",
        `${installed}, this command line is ${commandLine}: they differ by fixes alone, which is harmless.`,
      );
    case "unknown":
      return fine(
        "versions",
        `${installed}, this command line is ${commandLine}: which is older can't be told.`,
      );
    case "newer":
      return problem(
        "command_line_older",
        `${installed}, this command line is ${commandLine}: older. The kinds may have changed between them.`,
        `Install the command line of ${version}.`,
      );
    case "older":
      return problem(
        "cluster_older",
        `${installed}, this command line is ${commandLine}: newer. The kinds may have changed between them.`,
        `Upgrade the chart to ${nextStep(version, commandLine)}, or use the command line of ${version}.`,
      );
  }
}

/** What an upgrade may go to at once. */
function nextStep(from: string, to: string): string {
  const [was, will] = [minorOf(from), minorOf(to)];
  if (was === null || will === null || was.major !== will.major) return to;
  const most = was.minor + MOST_MINORS;
  return will.minor <= most ? to : `${was.major}.${most} first (it goes over two minor versions at most)`;
}

function crdFindings({ crds, release, namespace }: ReleaseFacts, version: string): readonly Finding[] {
  const gaps = Map.groupBy(crds ?? [], (crd) => versionGap(crd.version, version));
  const told = (gap: "older" | "newer", action: string): readonly Finding[] => {
    const own = gaps.get(gap) ?? [];
    if (own.length === 0) return [];
    const each = own.map((crd) => `${crd.name} of ${crd.version}`).join(", ");
    return [
      problem(`crds_${gap}`, `The CRDs are ${gap} than the services, which are ${version}: ${each}.`, action),
    ];
  };
  return [
    ...told(
      "older",
      `Upgrade them with the chart (its value crds.enabled), or ask whoever installed them for those of ${version}.`,
    ),
    ...told("newer", `Upgrade the release ${release} in ${namespace} too, with the chart of that version.`),
  ];
}

/** A version that the user has the chart run in place of its own. */
function tagFindings({ services }: ReleaseFacts, version: string): readonly Finding[] {
  const others = services.filter(({ imageTag }) => {
    const gap = versionGap(imageTag ?? version, version);
    return gap !== "same" && gap !== "unknown";
  });
  return [...Map.groupBy(others, ({ imageTag }) => imageTag)].map(([tag, own]) =>
    fine(
      "image_tag",
      `The chart is ${version}, and images with the tag ${tag} run as ${namesOf(own)}. If that is not meant, set image.tag.`,
    ),
  );
}

function rolloutFindings(namespace: string, services: readonly InstalledService[]): readonly Finding[] {
  const stuck = services.filter(({ rollout }) => rollout === "stuck");
  const underWay = services.filter(({ rollout }) => rollout === "under_way");
  return [
    ...stuck.map(({ name }) =>
      problem(
        "rollout_stuck",
        `New pods of ${name} do not get ready, and the cluster has given up waiting for them.`,
        `See why: kubectl -n ${namespace} rollout status deployment/${name} and kubectl -n ${namespace} get pods`,
      ),
    ),
    ...(underWay.length === 0
      ? []
      : [fine("rollout", `Pods of ${namesOf(underWay)} are being replaced; jobs go on meanwhile.`)]),
  ];
}

function namesOf(services: readonly InstalledService[]): string {
  return services.map(({ name }) => name).join(", ");
}
