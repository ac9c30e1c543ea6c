import type { PullOptions } from "../../../src/bus/port.ts";
import { FakeWorkDelivery } from "./fake-delivery.ts";
import type { DeliveryPlace } from "./fake-delivery.ts";
import type { FakeDelivery, FakePull } from "./fake-work-queue.ts";

/** One open pull of a client. Resolves with the number of deliveries when it has ended, for whatever reason. */
export async function pullFrom(place: DeliveryPlace, options: PullOptions): Promise<number> {
  const { bus, link, queue } = place;
  if (options.max <= 0 || !(await link.whenConnected(options.expiresMs, options.signal))) return 0;
  const done = new AbortController();
  const end = (): void => done.abort(null);
  const { session } = link;
  const underWay: Promise<void>[] = [];
  let count = 0;
  const handOver = async (entry: FakeDelivery): Promise<void> => {
    await bus.hop();
    if (session.aborted || link.isDead) return;
    const delivery = new FakeWorkDelivery(place, entry);
    if (options.signal?.aborted === true) return delivery.nak();
    count++;
    bus.watcher.delivered?.(place.client, entry.message, entry.deliveries);
    options.onDelivery(delivery);
  };
  const pull: FakePull = {
    remaining: options.max,
    deliver: (entry) => void underWay.push(handOver(entry)),
    end,
  };
  const ends = AbortSignal.any([session, ...(options.signal === undefined ? [] : [options.signal])]);
  ends.addEventListener("abort", end, { once: true });
  if (ends.aborted) end();
  await bus.hop();
  if (!done.signal.aborted && bus.isUp) queue.open(pull);
  await bus.clock.sleep(options.expiresMs, done.signal);
  queue.close(pull);
  await Promise.all(underWay);
  return count;
}
