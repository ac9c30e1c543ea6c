import { chatBody, responsesBody } from "./mock-bodies.ts";
import type { MockAnswer, MockCall } from "./mock-bodies.ts";
import type { MockReply, MockScript } from "./mock-reply.ts";

/** A job for the mock model: so many turns of tool calls, then an answer. */
export interface ToolTurns {
  readonly turns: number;
  readonly calls: readonly MockCall[];
  readonly answer: string;
}

/** Asks for the same calls in each turn, then answers. The bodies are made once, so a request costs next to nothing. */
export function toolTurns(plan: ToolTurns): MockScript {
  const chat = [chatBody({ calls: plan.calls }), chatBody({ content: plan.answer })] as const;
  const responses = [responsesBody({ calls: plan.calls }), responsesBody({ content: plan.answer })] as const;
  return ({ path, turn }) => {
    const [calls, answer] = path.endsWith("/responses") ? responses : chat;
    return { kind: "json", body: turn < plan.turns ? calls : answer };
  };
}

/** Asks for the same calls again and again until `isOver`, then answers; every rollout has called once. */
export function callsUntil(isOver: () => boolean, plan: Omit<ToolTurns, "turns">): MockScript {
  const going = toolTurns({ ...plan, turns: Infinity });
  const last = toolTurns({ ...plan, turns: 1 });
  return (request) => (isOver() ? last : going)(request);
}

/** Always the same answer, in the form of the API that was asked. */
export function always(answer: MockAnswer): MockScript {
  const chat = chatBody(answer);
  const responses = responsesBody(answer);
  return ({ path }) => ({ kind: "json", body: path.endsWith("/responses") ? responses : chat });
}

/** These replies in order, one a request, then what `rest` says. */
export function inOrder(replies: readonly MockReply[], rest: MockScript): MockScript {
  return (request) => replies[request.number] ?? rest(request);
}
