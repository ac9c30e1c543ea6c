import type { FunctionTool } from "../model/port.ts";
import type { TOOL_PRESETS } from "./tool-spec.ts";

/** What runs behind a tool that a preset brings. */
export type PresetToolKind = "shell" | "files.list" | "files.read" | "files.write" | "files.apply_patch";

/** One tool of a preset: what the model is told, and what runs. */
export interface PresetTool {
  readonly kind: PresetToolKind;
  readonly definition: FunctionTool;
}

const path = {
  type: "string",
  minLength: 1,
  description: "Path of the file, relative to the working folder or absolute.",
};

const line = (description: string) => ({ type: "integer", minimum: 1, description });

/** The tools that each value of `preset` stands for, in the order that the model sees. */
export const PRESETS: Readonly<Record<(typeof TOOL_PRESETS)[number], readonly PresetTool[]>> = {
  shell: [
    {
      kind: "shell",
      definition: {
        name: "shell",
        description: "Run a shell command in the working folder and get its output.",
        parameters: {
          type: "object",
          properties: { command: { type: "string", minLength: 1, description: "The command line." } },
          required: ["command"],
          additionalProperties: false,
        },
      },
    },
  ],
  files: [
    {
      kind: "files.list",
      definition: {
        name: "list_files",
        description: "List the files and folders in a folder.",
        parameters: {
          type: "object",
          properties: { path: { ...path, description: "Path of the folder; `.` is the working folder." } },
          required: ["path"],
          additionalProperties: false,
        },
      },
    },
    {
      kind: "files.read",
      definition: {
        name: "read_file",
        description: "Read a text file, or a range of its lines.",
        parameters: {
          type: "object",
          properties: {
            path,
            start_line: line("First line to read, counted from 1."),
            end_line: line("Last line to read, inclusive."),
          },
          required: ["path"],
          additionalProperties: false,
        },
      },
    },
    {
      kind: "files.write",
      definition: {
        name: "write_file",
        description: "Write a text file, replacing what was there; folders are made as needed.",
        parameters: {
          type: "object",
          properties: { path, content: { type: "string", description: "The whole new content." } },
          required: ["path", "content"],
          additionalProperties: false,
        },
      },
    },
    {
      kind: "files.apply_patch",
      definition: {
        name: "apply_patch",
        description: "Apply a unified diff to files in the working folder.",
        parameters: {
          type: "object",
          properties: { patch: { type: "string", minLength: 1, description: "The unified diff." } },
          required: ["patch"],
          additionalProperties: false,
        },
      },
    },
  ],
};
