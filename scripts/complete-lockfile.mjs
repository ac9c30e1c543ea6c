// `npm run lockfile`: adds to package-lock.json the platform packages that the registry it was made with does not have.
// To be run after `npm install PACKAGE`; changes nothing when nothing is missing. Plain JavaScript for Node 20.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingPlatformEntries } from "./lib/lockfile-stubs.mjs";
import { findPlaces } from "./lib/places.mjs";

const path = join(findPlaces().root, "package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8"));
const packages = { ...lock.packages, ...missingPlatformEntries(lock.packages) };
const byPath = Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(byPath) }, null, 2)}\n`);
