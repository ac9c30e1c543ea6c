/** Cuts a stream of bytes into lines. UTF-8 may be cut anywhere: the line feed is a byte of its own in it. */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** The lines that are whole now, without their line feeds; empty ones are left out. */
  push(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      lines.push(this.#take(chunk.subarray(from, end)));
      from = end + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
    return lines.filter((line) => line !== "");
  }

  #take(last: Buffer): string {
    if (this.#rest.length === 0) return last.toString("utf8");
    const whole = Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    return whole.toString("utf8");
  }
}
