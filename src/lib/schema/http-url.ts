import { z } from "zod";

function hasNoCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url === null || (url.username === "" && url.password === "");
}

/** An absolute http(s) URL. A name or password inside it is refused: an URL is shown in logs and kept in snapshots. */
export const httpUrlSchema = z
  .string()
  .regex(/^https?:\/\/[^\s/]+/, "must be an http:// or https:// URL")
  .refine((text) => URL.canParse(text), "must be a URL that can be parsed")
  .refine(hasNoCredentials, "must not hold a name or password; name a secret instead");
