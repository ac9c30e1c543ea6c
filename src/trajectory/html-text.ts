import { printable } from "./plain-text.ts";

/**
 * A text inside HTML: it can start no element and end no attribute, and what would turn the direction of the text
 * around it, or is no character of HTML, is shown as an escape.
 */
export function escapeHtml(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
