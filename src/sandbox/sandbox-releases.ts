import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Messenger, Subscription } from "../bus/port.ts";
import { claimSubject } from "../bus/subjects.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";

/** Says that the driver of an attempt needs its sandbox no more. */
export function tellReleased(messenger: Messenger, ref: AttemptRef): void {
  const payload = toBinary(AttemptRefSchema, ref);
  messenger.broadcast(releaseSubject(ref.namespace, ref.environmentUid), payload);
}

/** Calls back when a driver says that it needs the sandbox of its attempt no more. */
export function serveReleases(
  messenger: Messenger,
  environment: { readonly namespace: string; readonly environmentUid: string },
  onRelease: (ref: AttemptRef) => void,
): Promise<Subscription> {
  const { namespace, environmentUid } = environment;
  return messenger.listen(releaseSubject(namespace, environmentUid), (payload) => {
    onRelease(fromBinary(AttemptRefSchema, payload));
  });
}

/** Broadcast subject of releases, among the claims so that whoever may claim may release. */
function releaseSubject(namespace: string, environmentUid: string): string {
  return `${claimSubject(namespace, environmentUid)}.released`;
}
