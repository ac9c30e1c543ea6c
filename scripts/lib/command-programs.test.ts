import { describe, expect, it } from "vitest";
import { programsFor } from "./command-programs.mjs";

describe("programsFor", () => {
  it("asks for nats-server and sandboxd before a run, and for sandboxd alone before one tool", () => {
    expect(programsFor(["run", "-f", "job.yaml"])).toEqual(["nats-server", "sandboxd"]);
    expect(programsFor(["tool", "-f", "env.yaml", "search", "{}"])).toEqual(["sandboxd"]);
  });

  it("asks for nothing where nothing is started", () => {
    expect(programsFor(["report", "runs/latest"])).toEqual([]);
    expect(programsFor(["run", "--help"])).toEqual([]);
    expect(programsFor(["run", "-f", "job.yaml", "--dry-run"])).toEqual([]);
    expect(programsFor([])).toEqual([]);
    expect(programsFor(["constructor"])).toEqual([]);
  });

  it("does not read what follows a double dash", () => {
    expect(programsFor(["sandbox", "-f", "env.yaml", "--", "grep", "--help"])).toEqual(["sandboxd"]);
  });

  it("are those of a run for the retry of a folder, and none for that of a cluster's job", () => {
    const isFolder = (path: string): boolean => path === "runs/latest";
    expect(programsFor(["retry", "--class", "model", "runs/latest"], isFolder)).toEqual([
      "nats-server",
      "sandboxd",
    ]);
    expect(programsFor(["retry", "repo-search", "-n", "research"], isFolder)).toEqual([]);
  });
});
