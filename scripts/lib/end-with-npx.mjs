const LOOK_MS = 500;

/**
 * Ends this process by SIGTERM once the shell in which npx started it has gone: npx passes a SIGTERM on to that shell, which
 * ends and keeps the signal to itself. A SIGINT the shell outlives, and nothing of it is to be seen here.
 * @param {NodeJS.ProcessEnv} env
 */
export function endWithNpx(env) {
  if (env["npm_command"] !== "exec") return;
  const shell = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(looking);
    process.kill(process.pid, "SIGTERM");
  }, LOOK_MS);
  looking.unref();
}
