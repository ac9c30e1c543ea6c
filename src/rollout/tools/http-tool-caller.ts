import type { EndpointCaller } from "../../grader/endpoint-caller.ts";

/** Calls remote tools over HTTP, each call once: the same port, and the same adapter, as graders' endpoints. */
export type HttpToolCaller = EndpointCaller;
