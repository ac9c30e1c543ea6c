import { stat } from "node:fs/promises";

/** Whether there is a file of this name that can be seen. */
export function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
