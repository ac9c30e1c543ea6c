const PASSED_ON =
  /^(?:PATH|HOME|USER|LANG|LC_\w+|TMPDIR|XDG_\w+|PIP_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|(?:https?|all|no)_proxy)$/iu;

/**
 * The variables that pip needs, of those that the command has. A package's own set-up code runs in them, and the keys of
 * models are none of its business.
 */
export function pipEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && PASSED_ON.test(entry[0]),
  );
  return Object.fromEntries(passed);
}
