import { z } from "zod";

/** HTTP headers by name, with plain values: they are kept in snapshots, so a key never belongs here. */
export const httpHeadersSchema = z.record(
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be the name of an HTTP header"),
  z.string().regex(/^[^\r\n\0]*$/, "must be one line"),
);
