/** What a sandbox is claimed for: the agent's own one, or a clean one that the agent never touched. */
export const PURPOSES = ["grade", "agent"] as const;

/** One of {@link PURPOSES}. */
export type Purpose = (typeof PURPOSES)[number];

/** Whether a text from outside is a purpose. */
export function isPurpose(text: string): text is Purpose {
  return (PURPOSES as readonly string[]).includes(text);
}
