import * as z from "zod";

const word = z.string().min(1);
const path = z.string().min(1);
const exported = z.strictObject({ module: path, name: word });
const scope = { in: z.array(path).min(1).optional() };

/**
 * One reason why files must change; files.ts says what each finds. `in` keeps only paths with one of these
 * beginnings (`lib/`) or names (`fastify.js`).
 */
export const clauseSchema = z.union([
  z.strictObject({ file: path, ...scope }),
  z.strictObject({ identifier: word, ...scope }),
  z.strictObject({ string: word, ...scope }),
  z.strictObject({ importsModule: path, ...scope }),
  z.strictObject({ importsName: exported, ...scope }),
  z.strictObject({ callsName: exported, ...scope }),
  z.strictObject({ dependsOn: word, ...scope }),
  z.strictObject({ declaresMember: word, ...scope }),
  z.strictObject({ definesMember: word, ...scope }),
  z.strictObject({ linksTo: path, ...scope }),
  z.strictObject({ heading: word, ...scope }),
  z.strictObject({ mentions: word, ...scope }),
]);

/** One line of thought of a request: see {@link clauseSchema}. */
export type Clause = z.infer<typeof clauseSchema>;

/** requests.yaml: what people wrote. The answers are not here; they come from the sources by the clauses. */
export const changeRequestsSchema = z.array(
  z.strictObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    kind: z.enum(["symbol", "error-code", "module", "function", "type", "member", "dependency", "link"]),
    question: z.string().min(20),
    answer: z.array(clauseSchema).min(1),
  }),
);

/** One change request with the rule for its answer. */
export type ChangeRequest = z.infer<typeof changeRequestsSchema>[number];
