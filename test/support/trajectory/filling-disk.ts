import { openAppend } from "../../../src/trajectory/jsonl-file.ts";
import type { AppendTarget, OpenAppend } from "../../../src/trajectory/jsonl-file.ts";

/** Real files on a disk with a few bytes left: what does not fit is written in part and then refused, as disks do. */
export function fillingDisk(bytesLeft: number): OpenAppend {
  let left = bytesLeft;
  return async (path): Promise<AppendTarget> => {
    const handle = await openAppend(path);
    return {
      read: (buffer, offset, length, position) => handle.read(buffer, offset, length, position),
      truncate: (sizeBytes) => handle.truncate(sizeBytes),
      close: () => handle.close(),
      write: async (buffer, offset, length) => {
        if (left === 0) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
        const { bytesWritten } = await handle.write(buffer, offset, Math.min(length, left));
        left -= bytesWritten;
        return { bytesWritten };
      },
    };
  };
}
