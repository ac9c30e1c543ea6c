// `npm run generate`: makes every generated file anew.
import { generate } from "./lib/generated-files.mjs";
import { exitWith, SetupError } from "./lib/setup-error.mjs";
import { setUpTools } from "./lib/setup.mjs";
import { toolEnvironment } from "./lib/tool-environment.mjs";

await exitWith(async () => {
  const failure = await generate(toolEnvironment(await setUpTools()));
  if (failure !== null) throw new SetupError(failure);
  return 0;
});
