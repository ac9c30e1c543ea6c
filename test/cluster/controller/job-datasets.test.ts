import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Readable } from "node:stream";
import { storeUpload } from "../../../src/bus/uploads.ts";
import { busUid } from "../../../src/kube/bus-uid.ts";
import { objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import {
  conditionOf,
  JobsWorld,
  MAX_DATASET_MIB,
  PLAIN_ENVIRONMENT,
  plainJob,
} from "../../support/controller/jobs-world.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "job-datasets";
const ROWS = '{"question":"q","answer":"yes"}\n'.repeat(3);
const cluster = testCluster();
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

describe.skipIf(cluster.isMissing)("the dataset of a RolloutJob", () => {
  let world: JobsWorld;
  let model: MockModel;
  let files: Server;
  let asked = 0;
  let slow: (() => void) | null = null;

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }) });
    files = createServer((request, response) => {
      asked += 1;
      if (request.url?.startsWith("/slow") === true) slow = () => response.end(ROWS);
      else response.end(ROWS);
    });
    files.listen(0, "127.0.0.1");
    await once(files, "listening");
    world = await JobsWorld.start(cluster, NAMESPACE);
    const { environments } = await world.controller({ allowedHosts: ["localhost"] });
    environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.workers();
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
    files?.closeAllConnections();
    files?.close();
  });

  const apply = (name: string, dataset: Record<string, string | object>) =>
    world.apply(plainJob(name, model.baseURL, { dataset: dataset as never, samplesPerItem: 1 }));
  const urlOf = (host: string, path: string): string =>
    `http://${host}:${(files.address() as AddressInfo).port}${path}`;
  const upload = async (job: string, text: string): Promise<void> => {
    const { uid } = objectOrEmpty((await world.job(job))?.["metadata"]);
    const target = {
      jobUid: busUid(textOrUndefined(uid) ?? ""),
      sha256: digest(text),
      maxBytes: text.length,
    };
    await storeUpload(await world.connect("uploader"), target, Readable.from([Buffer.from(text)]));
  };
  const isThree = { status: { rollouts: { total: 3, graded: 3 } } };

  it("is waited for while its blob is not uploaded, and read once it is there", async () => {
    const sha256 = digest(ROWS);
    await apply("uploaded", { blob: { sha256 } });
    expect(await world.untilCondition("uploaded", "DatasetNotFound")).toMatchObject({
      reason: "NotUploaded",
      message: expect.stringContaining(`The rows with the SHA-256 ${sha256} were not uploaded`),
    });
    await upload("uploaded", ROWS);
    await world.untilCondition("uploaded", "Complete");
    expect(await world.job("uploaded")).toMatchObject(isThree);
    expect(conditionOf(await world.job("uploaded"), "DatasetNotFound")).toMatchObject({ status: "False" });
  });

  it("is refused when the blob's bytes are too many", async () => {
    const text = ROWS.padEnd(MAX_DATASET_MIB * 1024 * 1024 + 1);
    await apply("too-many-bytes", { blob: { sha256: digest(text) } });
    await upload("too-many-bytes", text);
    expect(await world.untilCondition("too-many-bytes", "DatasetInvalid")).toMatchObject({
      reason: "TooLarge",
      message: expect.stringContaining(`larger than the ${MAX_DATASET_MIB} MiB`),
    });
  });

  it("is downloaded from a host that the administrator named, beside everything else", async () => {
    await apply("slow", { url: urlOf("localhost", "/slow?signature=private"), sha256: digest(ROWS) });
    await eventually(
      () => Promise.resolve(slow),
      (answer) => answer !== null,
    );
    const names = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"];
    for (const name of names) {
      await apply(name, { url: urlOf("localhost", "/slow"), sha256: digest(ROWS) });
    }
    // Nothing that runs waits for a server that does not answer.
    await apply("quick", { inline: [{ question: "q", answer: "yes" }] });
    await world.untilCondition("quick", "Complete");
    await world.kubectlOk(["delete", "rj", ...names]);
    slow?.();
    await world.untilCondition("slow", "Complete");
    expect(await world.job("slow")).toMatchObject(isThree);
  });

  it("is never asked for inside of the network, and a url's query is in no condition", async () => {
    const before = asked;
    await apply("inside", { url: urlOf("127.0.0.1", "/rows?signature=private"), sha256: digest(ROWS) });
    const { reason, message } = await world.untilCondition("inside", "DatasetNotFound");
    expect(reason).toBe("HostNotAllowed");
    expect(message).toContain(`The dataset at ${urlOf("127.0.0.1", "/rows")} can't be downloaded`);
    expect(message).toContain("datasets.allowedHosts");
    expect(message).not.toContain("private");
    expect(asked).toBe(before);
  });
});
