/** Where {@link COUNTER} writes, in the workdir. */
export const COUNTED = "count";

/**
 * A script of bash that leaves processes behind which each make {@link COUNTED} longer without end: one in a session of its own
 * that no signal but SIGKILL ends, and one that is always another process, for it goes on in a child and ends.
 */
export const COUNTER = `
setsid bash -c 'trap "" TERM HUP INT; while :; do echo >> ${COUNTED}; done' >/dev/null 2>&1 &
setsid bash -c 'hop() { echo >> ${COUNTED}; hop & }; hop' >/dev/null 2>&1 &
until test -s ${COUNTED}; do :; done
echo counting
`;

/** A command grader in bash: its reward is the length of {@link COUNTED}, signed as every command's result has to be. */
const SCRIPT = `
job=$(cat)
key=\${job#*\\"key\\":\\"}; key=\${key%%\\"*}
hex=$(printf %s "$key" | od -An -v -tx1 | tr -d ' \\n')
if test \${#hex} -gt 128; then hex=$(printf %s "$key" | sha256sum | cut -c1-64); fi
while test \${#hex} -lt 128; do hex=\${hex}00; done
pad() { local at; for ((at = 0; at < 128; at += 2)); do printf '\\\\x%02x' $((0x\${hex:at:2} ^ $1)); done; }
bytes() { printf %b "$1"; }
body="{\\"state\\":\\"done\\",\\"tests\\":[],\\"score\\":$(cat ${COUNTED} | wc -c)}"
inner=$({ bytes "$(pad 0x36)"; printf %s "$body"; } | sha256sum | cut -c1-64 | sed 's/../\\\\x&/g')
outer=$({ bytes "$(pad 0x5c)"; bytes "$inner"; } | sha256sum | cut -c1-64)
printf '%s\\n%s' "$outer" "$body" > .rollyard/result
`;

/** The grader's ConfigMap. */
export const COUNTING_ASSETS = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "counting", namespace: "default" },
  data: { "count.sh": SCRIPT },
};

/** What an environment of that grader has beside its sandbox; both run in the same image. */
export const countingEnvironment = (image: string): object => ({
  graderRuntime: { image },
  grader: {
    type: "command",
    name: "count",
    argv: ["bash", "count.sh"],
    files: [{ from: COUNTED, to: COUNTED }],
    assets: { configMap: "counting" },
  },
});
