import { cutUtf8 } from "./cut-utf8.ts";

/** How a tool's run ended, as far as its text goes. */
export interface ToolText {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly timedOut: boolean;
  /** How long it ran until its timeout, for the text. */
  readonly timeoutMs: number;
  readonly outOfMemory: boolean;
  /** Bytes that never came here. */
  readonly truncatedBytes: number;
}

/** What the model sees, and how many bytes were left out on the way. */
export interface FormattedOutput {
  readonly output: string;
  readonly truncatedBytes: number;
}

/**
 * What the model sees of a tool: with exit 0 and nothing on stderr, stdout verbatim; otherwise stdout, `[stderr]` and
 * its text, then how it ended, each on a line. The gateway answers the same text.
 * Together stdout and stderr take at most `outputBytes` of UTF-8; the lines in brackets come on top.
 */
export function formatOutput(text: ToolText, outputBytes: number): FormattedOutput {
  const stdout = cutUtf8(text.stdout.toWellFormed(), outputBytes);
  const left = outputBytes - Buffer.byteLength(stdout.text);
  const stderr = cutUtf8(text.stderr.toWellFormed(), left);
  const truncatedBytes = text.truncatedBytes + stdout.cutBytes + stderr.cutBytes;
  const blocks = [
    stdout.text,
    ...(stderr.text === "" ? [] : ["[stderr]", stderr.text]),
    ...endLines(text),
    ...(truncatedBytes === 0 ? [] : [`[truncated ${truncatedBytes} bytes]`]),
  ];
  return { output: joinLines(blocks), truncatedBytes };
}

/** A text with the line that says what was cut off it, for tools that have no exit code. */
export function formatText(text: string, outputBytes: number): FormattedOutput {
  const plain = {
    stderr: "",
    exitCode: 0,
    timedOut: false,
    timeoutMs: 0,
    outOfMemory: false,
    truncatedBytes: 0,
  };
  return formatOutput({ ...plain, stdout: text }, outputBytes);
}

/** The line of a run that its timeout ended. */
export function timedOutLine(timeoutMs: number): string {
  return `[timed out after ${Math.round(timeoutMs / 100) / 10} s]`;
}

function endLines(text: ToolText): readonly string[] {
  if (text.timedOut) return [timedOutLine(text.timeoutMs)];
  if (text.outOfMemory) return ["[killed: out of memory]"];
  return text.exitCode === 0 ? [] : [`[exit code ${text.exitCode}]`];
}

/** Each block begins on a line of its own; the first may be empty. */
function joinLines(blocks: readonly string[]): string {
  return blocks.reduce((text, block) =>
    text === "" || text.endsWith("\n") ? text + block : `${text}\n${block}`,
  );
}
