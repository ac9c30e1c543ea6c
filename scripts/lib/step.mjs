/**
 * Says on stderr what is being done and how long it took. Only for work that really happens: what is up to date is silent.
 * @template T
 * @param {string} title a participle: `Building sandboxd`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedMs = performance.now();
  process.stderr.write(`• ${title} …\n`);
  const result = await work();
  process.stderr.write(`  done in ${formatSeconds(performance.now() - startedMs)}\n`);
  return result;
}

/**
 * @param {number} durationMs
 * @returns {string} such as `0.4 s` or `2 min 5 s`
 */
export function formatSeconds(durationMs) {
  const seconds = durationMs / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
