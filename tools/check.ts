/** SHELL. `npm run check [-- --static]`: the whole static gate, and the unit tests of what changed; `npm test` runs those anyway. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { runSteps, type Step } from "./run-steps.ts";

const { values } = parseArgs({ options: { static: { type: "boolean", default: false } } });
const statics: Step[] = [
  { name: "format", argv: ["oxfmt", "--check", "."] },
  { name: "types", argv: ["tsc", "-p", "."] },
  { name: "lint", argv: ["oxlint", "--type-aware", "--max-warnings", "0", "."] },
  { name: "dead code", argv: ["knip", "--treat-config-hints-as-errors"] },
];
const tests: Step[] = [
  { name: "layers", argv: ["vitest", "run", "--project", "layers"] },
  { name: "unit tests", argv: ["turbo", "run", "test", "--concurrency", "2"] },
];

const root = resolve(import.meta.dirname, "..");
const ok = await runSteps(values.static ? statics : [...statics, ...tests], root, (line) =>
  console.log(line),
);
process.exitCode = ok ? 0 : 1;
