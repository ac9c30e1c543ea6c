import type { TreeFile } from "./sandbox-tree.ts";

const BLOCK = 512;
const NAME = { at: 0, length: 100 };
const MODE = { at: 100, length: 8 };
const SIZE = { at: 124, length: 12 };
const CHECKSUM = { at: 148, length: 8 };
const TYPE_AT = 156;
const PREFIX = { at: 345, length: 155 };
const EXECUTABLE = 0o100;
/** Types of entries. */
const [FILE, FOLDER, RECORDS] = ["0", "5", "x"];

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The regular files of a tar archive of sandboxd's, which writes PAX records. What it says came out of a sandbox: names
 * that are absolute, lead upwards or are not UTF-8 are left out, and so is all that is no file. The one file of an archive
 * that is of no folder has an empty path. Null for bytes that are no whole archive. Source: POSIX.1-2017, pax, "pax Interchange Format".
 */
export function readTar(archive: Uint8Array): readonly TreeFile[] | null {
  const files: TreeFile[] = [];
  let records: ReadonlyMap<string, string> = new Map();
  let isOfFolder = false;
  for (let at = 0; at + BLOCK <= archive.length;) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.every((byte) => byte === 0)) return files;
    const header = readHeader(block);
    const content = archive.subarray(at + BLOCK, at + BLOCK + (header?.size ?? 0));
    if (header === null || content.length < header.size) return null;
    at += BLOCK + Math.ceil(header.size / BLOCK) * BLOCK;
    if (header.type === FOLDER) isOfFolder = true;
    if (header.type === FILE) files.push(...fileOf(header, { records, content, isOfFolder }));
    records = header.type === RECORDS ? paxRecords(content) : new Map();
  }
  return null;
}

/** None when its name is not to be had. */
function fileOf(
  { name, mode }: TarHeader,
  entry: {
    readonly records: ReadonlyMap<string, string>;
    readonly content: Uint8Array;
    readonly isOfFolder: boolean;
  },
): readonly TreeFile[] {
  const { records, content, isOfFolder } = entry;
  const path = isOfFolder ? relativePath(records.get("path") ?? name) : "";
  return path === null ? [] : [{ path, content, isExecutable: (mode & EXECUTABLE) !== 0 }];
}

interface TarHeader {
  /** Null when it is not UTF-8. */
  readonly name: string | null;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
}

function readHeader(header: Uint8Array): TarHeader | null {
  const [size, mode] = [octal(header, SIZE), octal(header, MODE)];
  if (size === null || mode === null || octal(header, CHECKSUM) !== checksum(header)) return null;
  const [name, prefix] = [text(header, NAME), text(header, PREFIX)];
  const whole = name === null || prefix === null || prefix === "" ? name : `${prefix}/${name}`;
  return { name: whole, type: String.fromCharCode(header[TYPE_AT] ?? 0), size, mode };
}

/** The sum of the header's bytes with blanks for the checksum itself. */
function checksum(header: Uint8Array): number {
  const isOwn = (at: number): boolean => at >= CHECKSUM.at && at < CHECKSUM.at + CHECKSUM.length;
  return header.reduce((sum, byte, at) => sum + (isOwn(at) ? 0x20 : byte), 0);
}

interface Field {
  readonly at: number;
  readonly length: number;
}

function octal(header: Uint8Array, field: Field): number | null {
  const digits = text(header, field)?.trim() ?? "";
  return /^[0-7]+$/u.test(digits) ? Number.parseInt(digits, 8) : null;
}

function text(header: Uint8Array, { at, length }: Field): string | null {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return decoded(end === -1 ? bytes : bytes.subarray(0, end));
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Records are `LENGTH KEY=VALUE\n`, the length in bytes and of all of it. One that is not UTF-8 spoils the path only. */
function paxRecords(content: Uint8Array): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(0x20, at);
    const length = Number(decoded(content.subarray(at, blank)) ?? "");
    if (blank === -1 || !Number.isInteger(length) || length <= blank - at) return new Map([["path", ""]]);
    const record = decoded(content.subarray(blank + 1, at + length - 1)) ?? "path=";
    const equals = record.indexOf("=");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

/** Null for a name that is no plain relative path. */
function relativePath(name: string | null): string | null {
  if (name === null || name === "" || name.includes("\0")) return null;
  const parts = name.split("/");
  return parts.some((part) => part === "" || part === "." || part === "..") ? null : name;
}
