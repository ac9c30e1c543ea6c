import type { Command } from "commander";
import { crdDocuments, yamlDocuments } from "../../../src/kube/crds/crd-documents.ts";
import type { CliIo } from "../cli-io.ts";

const EXAMPLE = `
Example:
  rollyard crds | kubectl apply -f -
`;

/** Adds `rollyard crds`: prints the CustomResourceDefinitions that a cluster needs. Exit code 0. */
export function registerCrds(program: Command, io: CliIo): void {
  program
    .command("crds")
    .description("print the CustomResourceDefinitions of Environment and RolloutJob, for kubectl")
    .addHelpText("after", EXAMPLE)
    .action(() => io.stdout(yamlDocuments(crdDocuments().values())));
}
