/** Rewards closer than this are the same: a formula's last digits are no signal. */
const SAME = 1e-9;

/** Whether a group's two or more rewards are all the same: a policy gradient gets nothing from it. */
export function hasZeroVariance(rewards: readonly number[]): boolean {
  if (rewards.length < 2) return false;
  const [first = 0] = rewards;
  const range = rewards.reduce(
    ({ least, most }, reward) => ({ least: Math.min(least, reward), most: Math.max(most, reward) }),
    { least: first, most: first },
  );
  return range.most - range.least < SAME;
}
