// `npm run build`: compiles what the package ships. Plain JavaScript for Node 20.
import { compilePackage } from "./lib/compile-package.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpTools } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node } = await setUpTools();
  await compilePackage(places, node);
  return 0;
});
