// `npm run setup`: everything that `npm start` and `npm test` need, and nothing more. Plain JavaScript for Node 20.
import { exitWith } from "./lib/setup-error.mjs";
import { setUpClone } from "./lib/setup.mjs";

await exitWith(async () => {
  await setUpClone();
  return 0;
});
