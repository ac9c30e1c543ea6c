/**
 * First process of a node's namespaces. containerd starts at once, the kubelet with the first line of standard input, when the
 * images are there; the end of standard input is the machine's end. containerd and the plugins keep sockets and results in
 * /run and /var/lib/cni whatever one tells them, and the kubelet links in /var/log: these are the node's own.
 */
export function nodeScript(
  folder: string,
  containerd: readonly string[],
  kubelet: readonly string[],
): string {
  return `
exec 3<&0
mount -t tmpfs run /run || exit
for own in /var/lib/cni /var/log; do
  mkdir -p "$own" && mount -t tmpfs own "$own" || exit
done
${command(containerd)} </dev/null >>${word(`${folder}/containerd.log`)} 2>&1 3<&- &
engine=$!
(
  if read -r _ <&3; then
    ${command(kubelet)} </dev/null >>${word(`${folder}/kubelet.log`)} 2>&1 3<&- &
    read -r _ <&3
  fi
  kill -KILL "$engine"
) &
wait "$engine"
`;
}

function command(argv: readonly string[]): string {
  return argv.map(word).join(" ");
}

/** A word that the shell takes as it is. */
function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
