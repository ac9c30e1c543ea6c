import { LAUNCHERS } from "../sandbox/launchers.ts";

/** What isolates the sandboxes of a short run: namespaces where this machine allows them. */
export async function sandboxKind(): Promise<"bubblewrap" | "process"> {
  const launcher = await LAUNCHERS.bubblewrap.make();
  if (typeof launcher === "string") return "process";
  await launcher.close();
  return "bubblewrap";
}
