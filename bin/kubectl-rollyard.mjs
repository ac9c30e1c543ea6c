#!/usr/bin/env node
// `kubectl rollyard …`: kubectl finds this file by its name on PATH.
await import("./rollyard.mjs");
