/** Which tests exist: fast ones beside the sources, ones on real servers, ones on real machines, and the layers. */
import { defineConfig } from "vitest/config";

const everywhere = { exclude: ["**/node_modules/**", "**/dist/**", "**/.turbo/**", "**/.vitest/**"] };
const sources = "{proto,agent,controller,cli,e2e}";
const minute = 60_000;
const lab = {
  pool: "forks",
  testTimeout: 10 * minute,
  hookTimeout: 10 * minute,
} as const;
/** What looks at the whole machine has it to itself. */
const alone = "e2e/scenarios/lab-leaves-nothing.lab.test.ts";

export default defineConfig({
  test: {
    ...everywhere,
    // A warning that nobody reads is a failure that nobody sees: unhandled errors fail the run (the default).
    passWithNoTests: false,
    projects: [
      {
        test: {
          name: "unit",
          include: [`${sources}/**/*.test.ts`],
          exclude: [...everywhere.exclude, "**/*.int.test.ts", "**/*.lab.test.ts"],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: "layers",
          include: ["tools/**/*.test.ts"],
          exclude: [...everywhere.exclude, "**/*.int.test.ts"],
          testTimeout: minute,
          hookTimeout: minute,
        },
      },
      {
        test: {
          name: "integration",
          include: ["{proto,agent,controller,cli,e2e,tools,nix}/**/*.int.test.ts"],
          pool: "forks",
          // Real servers on two cores: one file at a time keeps a slow machine from failing a right test.
          maxWorkers: 1,
          testTimeout: 2 * minute,
          hookTimeout: 2 * minute,
        },
      },
      {
        test: {
          ...lab,
          name: "lab",
          include: ["e2e/scenarios/**/*.lab.test.ts"],
          exclude: [...everywhere.exclude, alone],
          // Labs mostly wait: two side by side (e2e/lab/lane.ts) take half the time. A lane that was chosen is one lab.
          maxWorkers: process.env["CHIMERA_LAB_LANE"] === undefined ? 2 : 1,
        },
      },
      { test: { ...lab, name: "lab-alone", include: [alone], maxWorkers: 1 } },
    ],
  },
});
