import type { JsonObject } from "../../src/lib/json.ts";
import { fieldRows } from "../reference/field-rows.ts";
import { markdownTable } from "../reference/markdown-table.ts";

/** README.md of the chart: how to install it, and every value. */
export function chartReadme(values: JsonObject, head: string): string {
  const rows = fieldRows(values, { leaveOut: ["global"] }).map(({ path, type, byDefault, meaning }) => [
    `\`${path}\``,
    type,
    byDefault,
    meaning,
  ]);
  const table = markdownTable(["value", "type", "default", "meaning"], rows);
  return `<!-- ${head} -->\n\n${TEXT}\n## Values\nUnknown values are errors.\n\n${table}\n`;
}

const TEXT = `# The chart \`rollyard\`
Installs the CRDs, controller, workers, graders, gateway, their rights, and a NATS of its own, in one namespace. It depends on no other chart.

\`\`\`sh
helm install rollyard charts/rollyard -n rollyard-system --create-namespace --set image.repository=registry.example/rollyard
helm test rollyard -n rollyard-system --logs
\`\`\`

[docs/kubernetes.md](../../docs/kubernetes.md) goes from here to the results of a job.

## What it installs
| objects | notes |
| --- | --- |
| CRDs | templates, so an upgrade of the chart upgrades them; \`helm uninstall\` leaves them and the jobs (\`crds.keep\`) |
| controller, worker, grader, gateway | Deployments that run as user 10001 on a read-only root without capabilities; an upgrade starts the new process before the old one hands over |
| the gateway's Service | \`rollyard submit\`, \`results\` and \`logs\` come to it through the API server, trainers by HTTP, both with their Kubernetes token; \`gateway.ingress\` opens another way, \`gateway.enabled=false\` leaves it out |
| rights | the rules of [config/rbac](../../config/rbac), generated from those files; workers and graders have no token; users get \`rollyard-edit\` or \`rollyard-view\` |
| NATS | a StatefulSet of 1 or 3 servers with a user for each service, or your own by \`nats.url\` |
| NetworkPolicies | who reaches the services and NATS; those of sandboxes are made by the controller |
| PodDisruptionBudgets | evictions go one by one |

## NATS of your own
\`nats.url\` names it, \`nats.replicas: 3\` asks for three copies of each stream, and \`nats.auth.existingSecret\` names a Secret with the
passwords of its users \`controller\`, \`worker\`, \`grader\` and \`gateway\`. Their permissions are the \`users\` of
[files/nats.json](files/nats.json). One account serves one cluster.

## Passwords
The chart makes them at the first install and keeps them at upgrades. A tool that renders without asking the cluster would make new
ones each time: name a Secret in \`nats.auth.existingSecret\` there. To change them, delete the Secret, upgrade, and restart the
StatefulSet and the Deployments.

## Uninstall
\`\`\`sh
helm uninstall rollyard -n rollyard-system
kubectl delete crd environments.rollyard.dev rolloutjobs.rollyard.dev   # and every job, environment and sandbox with them
kubectl -n rollyard-system delete pvc -l app.kubernetes.io/instance=rollyard,app.kubernetes.io/component=nats
\`\`\`
Delete jobs before you uninstall, as long as the controller can tidy up after them: its finalizers hold them otherwise.
`;
