/** An answer over HTTP. */
export interface TrainerAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a call of a trace says. */
export interface AskedCall {
  readonly trace: string;
  readonly call: string;
  readonly command?: string;
  readonly tool?: string;
  readonly item?: Readonly<Record<string, unknown>>;
  /** Over the whole arguments. */
  readonly arguments?: unknown;
}

/** A row whose answer is `2`. */
export const ROW = { question: "1 + 1", answer: "2" } as const;

/** Speaks the contract of hosted trainers: one request at a time, or with the retries that it documents. */
export class TrainerClient {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #bases: () => readonly string[];
  #turn = 0;

  /** `bases` are the addresses of an environment at each gateway; requests go to them in turn. */
  constructor(
    headers: Readonly<Record<string, string>>,
    bases: readonly string[] | (() => readonly string[]),
  ) {
    this.#headers = headers;
    this.#bases = typeof bases === "function" ? bases : () => bases;
  }

  /** The same trainer with other gateways. */
  at(...bases: readonly string[]): TrainerClient {
    return new TrainerClient(this.#headers, bases);
  }

  /** The same trainer with the gateways that are there at each try, as a load balancer knows them. */
  among(bases: () => readonly string[]): TrainerClient {
    return new TrainerClient(this.#headers, bases);
  }

  /** The same with other headers. */
  as(headers: Readonly<Record<string, string>>): TrainerClient {
    return new TrainerClient(headers, this.#bases);
  }

  get bases(): readonly string[] {
    return this.#bases();
  }

  call(asked: AskedCall): Promise<TrainerAnswer> {
    return this.post(...callRequest(asked));
  }

  /** The call as the platform makes it: three retries after 5xx or a lost connection. */
  callPatiently(asked: AskedCall): Promise<TrainerAnswer> {
    return this.#patiently(...callRequest(asked));
  }

  grade(trace: string, text = "2", item: object = ROW): Promise<TrainerAnswer> {
    return this.post(...gradeRequest(trace, text, item));
  }

  gradePatiently(trace: string, text = "2", item: object = ROW): Promise<TrainerAnswer> {
    return this.#patiently(...gradeRequest(trace, text, item));
  }

  /** Posts JSON, or a text as it is. A gateway that refuses connections is passed over, as a load balancer does. */
  async post(route: string, body: unknown): Promise<TrainerAnswer> {
    const bases = this.bases;
    const turn = this.#turn;
    this.#turn += 1;
    for (let refused = 0; ; refused += 1) {
      const base = bases[(turn + refused) % bases.length] ?? "";
      try {
        return await this.#send(base, route, body);
      } catch (error) {
        if (refused + 1 >= bases.length || !isRefused(error)) throw error;
      }
    }
  }

  async #send(base: string, route: string, body: unknown): Promise<TrainerAnswer> {
    const response = await fetch(`${base}/${route}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...this.#headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as TrainerAnswer["body"] };
  }

  async #patiently(route: string, body: unknown): Promise<TrainerAnswer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.post(route, body).catch((error: unknown) => {
        if (tries > 3) throw error;
        return null;
      });
      if (answer !== null && (answer.status < 500 || tries > 3)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 200 * tries));
    }
  }
}

function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
}

function callRequest({
  trace,
  call,
  command,
  tool = "shell",
  item = ROW,
  ...rest
}: AskedCall): [string, object] {
  const given = "arguments" in rest ? rest.arguments : JSON.stringify({ command });
  const body = {
    type: "function_call",
    id: `fc_${call}`,
    call_id: call,
    name: tool,
    arguments: given,
    trace_id: trace,
    item,
  };
  return [`tools/${tool}`, body];
}

function gradeRequest(trace: string, text: string, item: object): [string, object] {
  const message = { role: "assistant", content: text, tool_calls: [] };
  const sample = {
    choices: [{ index: 0, message, finish_reason: "stop" }],
    output_text: text,
    output_tools: [],
  };
  return ["grade", { sample, item, trace_id: trace }];
}
