/** Blocks of shell commands of a page in Markdown, below a heading of the second level. */
export function pageCommands(text: string, heading: string): readonly string[] {
  const sections = text.split(/^## /mu).filter((section) => section.startsWith(`${heading}\n`));
  const [section] = sections;
  if (section === undefined || sections.length !== 1)
    throw new Error(`the page has ${sections.length} sections "${heading}"`);
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gmu)].map(([, block = ""]) => block);
}
