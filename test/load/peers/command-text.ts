const ADDRESS = /(127\.0\.0\.1):\d+/gu;
const FOLDER = /(^|[\s="])(?:\/[^\s/",]+)+\/([^\s/",]+)/gu;
const PORT_FLAG = /(--secure-port) \d+/gu;

/** A command as a report shows it: its flags, without the folders and free ports of this run. */
export function commandText(command: readonly string[]): string {
  return withoutPlaces(command.join(" "));
}

/** The text without the folders and ports of this run. */
export function withoutPlaces(text: string): string {
  return text.replaceAll(ADDRESS, "$1:PORT").replaceAll(PORT_FLAG, "$1 PORT").replaceAll(FOLDER, "$1$2");
}
