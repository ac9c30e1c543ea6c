import { fromBinary } from "@bufbuild/protobuf";
import type { Messenger, Subscription } from "../bus/port.ts";
import { slotsSubject } from "../bus/subjects.ts";
import { SlotsAnnouncedSchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { WorkerRoster } from "./worker-roster.ts";

/** Notes in the roster what workers say of their slots from now on; `onNews` is told after each. */
export function hearWorkers(
  bus: Pick<Messenger, "listen">,
  roster: WorkerRoster,
  onNews: () => void = () => undefined,
): Promise<Subscription> {
  return bus.listen(slotsSubject("*"), (payload) => {
    const { worker, total, free, throttledEndpoints, repeatedWork } = fromBinary(
      SlotsAnnouncedSchema,
      payload,
    );
    roster.hear({ worker, slots: total, free, throttledEndpoints, repeatedWork });
    onNews();
  });
}
