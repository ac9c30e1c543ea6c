import type { IntegrityCheck } from "../integrity-check.ts";
import { fetchesBareHost, REMOTE } from "../remote-address.ts";
import { argumentTexts, scanCalls } from "../scan-calls.ts";
import { firstSign } from "../scan-sources.ts";

const FORGES = String.raw`(?:githubusercontent|github|gitlab|bitbucket|codeberg|pastebin|huggingface)\.\w`;

const SIGNS = {
  download: new RegExp(
    String.raw`\b(?:curl|wget|aria2c|lynx|w3m|ftp|sftp|http)\s[^;&|\n]{0,400}?(?:${REMOTE}|\b${FORGES})|\b(?:scp|rsync)\s[^;&|\n]{0,400}?[\w.-]:[\w/~]`,
    "u",
  ),
  script: new RegExp(
    String.raw`\b(?:python[\d.]{0,8}|node|deno|ruby|perl)\s+(?:-[a-zA-Z]\s+){0,4}-(?:[ce]\s|\s{0,8}<<)[\s\S]{0,2000}?${REMOTE}`,
    "u",
  ),
  forge: /\b(?:gh|glab)\s+(?:api|pr|issue|repo|search|release|gist)\s/u,
  package_source:
    /\bpip[\d.]{0,8}\s+download\s|\bnpm\s+pack\s+[@\w]|\bapt(?:-get)?\s+source\s|\bgem\s+(?:fetch|unpack)\s/u,
};

/** A tool call asked another machine for something, where the answer may be. Egress that is denied is better. */
export const noRemoteFetch: IntegrityCheck = {
  needs: "tools",
  effect: "zero",
  find: ({ calls }) =>
    scanCalls(calls, (call) => {
      const [found = null] = argumentTexts(call).flatMap((text) => reasonIn(text) ?? []);
      return found;
    }),
};

function reasonIn(text: string): string | null {
  return firstSign(text, SIGNS) ?? (fetchesBareHost(text) ? "download" : null);
}
