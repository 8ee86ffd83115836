/** SHELL. `npm run check`: the whole static gate, and the unit tests of what changed. */
import { resolve } from "node:path";
import { runSteps, type Step } from "./run-steps.ts";

const steps: Step[] = [
  { name: "format", argv: ["oxfmt", "--check", "."] },
  { name: "types", argv: ["tsc", "-p", "."] },
  { name: "lint", argv: ["oxlint", "--type-aware", "--max-warnings", "0", "."] },
  { name: "dead code", argv: ["knip", "--treat-config-hints-as-errors"] },
  { name: "layers", argv: ["vitest", "run", "--project", "layers"] },
  { name: "unit tests", argv: ["turbo", "run", "test", "--concurrency", "2"] },
];

const root = resolve(import.meta.dirname, "..");
const ok = await runSteps(steps, root, (line) => console.log(line));
process.exitCode = ok ? 0 : 1;
