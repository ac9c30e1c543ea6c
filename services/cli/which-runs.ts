/** What a command's DIR means, for its help: the same for all that read runs. */
export const WHICH_RUNS = `DIR is a run folder, and means its job alone; or the folder around a job and its retries, and means all of them
together: each rollout counts as its job has it with a reward, else as the newest retry with a reward has it.
`;
