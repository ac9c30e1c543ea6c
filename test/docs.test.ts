import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { HEADERS } from "../src/bus/port.ts";
import { SERVICE_USERS } from "../src/bus/permissions.ts";
import { STREAMS } from "../src/bus/streams.ts";
import { OPENAI_RUNTIME } from "../src/config/openai-runtime.ts";
import { FAILURE_CLASSES } from "../src/errors/failure-class.ts";
import { STOP_REASONS } from "../src/rollout/stop-reason.ts";
import packageJson from "../package.json" with { type: "json" };
import { readSources } from "./support/architecture/source-map.ts";
import {
  brokenLinks,
  missingPaths,
  missingTests,
  readDocument,
  readDocuments,
} from "./support/docs/documents.ts";

const documents = readDocuments();
const decisions = documents.filter(({ path }) => /^docs\/adr\/\d/u.test(path));

describe("the documents", () => {
  it("name only files that are there", () => {
    expect(documents.flatMap(missingPaths)).toEqual([]);
  });

  it("link only to what is there", () => {
    expect(documents.flatMap(brokenLinks)).toEqual([]);
  });

  it("know all stop reasons, failure classes and users of the bus", () => {
    const { text } = readDocument("docs/architecture.md");
    const names = [...STOP_REASONS, ...FAILURE_CLASSES].map((name) => `\`${name}\``);
    const rows = SERVICE_USERS.map((user) => `| ${user} `);
    expect([...names, ...rows].filter((name) => !text.includes(name))).toEqual([]);
  });
});

describe("the page on clusters", () => {
  const { text } = readDocument("docs/cluster.md");
  const rows = text.split("\n").filter((line) => /^\| `[A-Z]/u.test(line));
  const named = rows.flatMap((row) =>
    [...row.matchAll(/`([A-Z][A-Za-z0-9]+)`/gu)].map(([, name = ""]) => name),
  );
  const sources = [...readSources(fileURLToPath(new URL("..", import.meta.url)))]
    .filter(([path]) => /^src\/(controller|job|sandbox|config)\//u.test(path) && !path.endsWith(".test.ts"))
    .map(([, source]) => source)
    .join("\n");

  it("names conditions and reasons that there are", () => {
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => !new RegExp(`"${name}"|\\b${name}:`, "u").test(sources))).toEqual([]);
  });

  it("names every reason for which a job, or a sandbox, does not begin", () => {
    const reasons = [...sources.matchAll(/(?:blocked\(\s*"\w+",\s*|return no\(\s*)"(\w+)"/gu)].map(
      ([, reason]) => reason,
    );
    expect(reasons.length).toBeGreaterThan(10);
    expect(reasons.filter((reason) => !named.includes(reason ?? ""))).toEqual([]);
  });
});

describe("the page on graders", () => {
  const { text } = readDocument("docs/graders.md");

  it("makes an image of OpenAI's packages, in the versions of venv: openai", () => {
    const image = /^```dockerfile\n(.*?)^```/msu.exec(text)?.[1] ?? "";
    expect(image.match(/[\w-]+==[\w.]+/gu)?.toSorted()).toEqual(OPENAI_RUNTIME.trim().split("\n").toSorted());
  });
});

describe("the protocol", () => {
  const protocol = readDocument("docs/protocol.md");

  it("is proved by tests that are there", () => {
    expect(missingTests(protocol)).toEqual([]);
  });

  it("knows every stream and header", () => {
    const names = [...Object.values(STREAMS), ...Object.values(HEADERS)].map((name) => `\`${name}\``);
    expect(names.filter((name) => !protocol.text.includes(name))).toEqual([]);
  });
});

describe("the page of promises", () => {
  const promises = readDocument("docs/reliability.md");

  it("is held by tests that are there", () => {
    expect(missingTests(promises)).toEqual([]);
  });

  it("names a test for each promise", () => {
    const sections = promises.text.split(/^### /mu).slice(1);
    expect(sections.length).toBeGreaterThan(9);
    const held = /`[^`\s]+\.(?:ts|go)` "[^"]+"/u;
    expect(sections.filter((section) => !held.test(section.replaceAll(/\s+/gu, " ")))).toEqual([]);
  });
});

describe("the decisions", () => {
  it("are numbered without a gap", () => {
    const numbers = decisions.map(({ path }) => Number(path.slice("docs/adr/".length).split("-")[0]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it("stand in the index with their titles", () => {
    const index = readDocument("docs/adr/README.md").text;
    const rows = decisions.map(({ path, text }) => {
      const [, number = "", title = ""] = /^# (\d{4}): (.+)$/mu.exec(text) ?? [];
      return `| [${number}](${path.slice("docs/adr/".length)}) | ${title} |`;
    });
    expect(rows.filter((row) => !index.includes(row))).toEqual([]);
  });

  it("give no reason for a package that is gone", () => {
    const { text } = readDocument("docs/adr/dependencies.md");
    const named = [...text.matchAll(/^\| `([^`]+)`/gmu)].map(([, name = ""]) => name);
    const present = Object.keys({ ...packageJson.dependencies, ...packageJson.devDependencies });
    expect(named.filter((name) => !present.includes(name))).toEqual([]);
  });
});

describe("the checks of documents", () => {
  const planted = (text: string) => ({ path: "docs/planted.md", text });

  it("see a file that is not there, and take a glob for its files", () => {
    const text = "`src/nowhere.ts`, `services/{worker,grader}/main.ts`, `src/rollout/`, `not a/path`";
    expect(missingPaths(planted(text))).toEqual(["docs/planted.md: src/nowhere.ts"]);
  });

  it("see a link to no file, and to no heading of a file", () => {
    const text =
      "[a](adr/nothing.md) [b](architecture.md#words) [c](architecture.md#nonsense) [d](https://example.org)";
    expect(brokenLinks(planted(text))).toEqual([
      "docs/planted.md: adr/nothing.md",
      "docs/planted.md: architecture.md#nonsense",
    ]);
  });

  it("see a test that was renamed", () => {
    const text = '`src/rollout/takeover.test.ts` "asks another driver before it is fenced", "asks nobody"';
    expect(missingTests(planted(text))).toEqual(['docs/planted.md: rollout/takeover.test.ts "asks nobody"']);
  });
});
