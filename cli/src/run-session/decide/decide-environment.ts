/** PURE. Which environment a script or command gets, in which words it is run, and why: the first step that fits. */
import { commandIn } from "./command-in.ts";
import { describe, type Environment } from "./environment.ts";
import {
  ofFlag,
  ofFlake,
  ofInterpreter,
  ofNixShebang,
  ofPep723,
  ofPyproject,
  ofShellNix,
  ofTools,
} from "./steps.ts";
import type { Step } from "./step.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Decision {
  environment: Environment;
  because: string;
  /** What was there and did not count, with its reason. */
  passedOver: readonly string[];
  /** To be run in that environment. */
  command: readonly [string, ...string[]];
}

export type Verdict =
  | { kind: "decided"; decision: Decision }
  | Extract<Step, { kind: "ask-flake" | "refused" }>;

const steps: readonly ((around: Surroundings) => Step)[] = [
  ofFlag,
  ofNixShebang,
  ofPep723,
  ofTools,
  ofFlake,
  ofShellNix,
  ofPyproject,
  ofInterpreter,
];

export function decideEnvironment(around: Surroundings): Verdict {
  if (around.noNix) {
    return finish(around, { environment: { kind: "none" }, because: "--no-nix", passedOver: [] });
  }
  const passedOver: string[] = [];
  for (const step of steps) {
    const result = step(around);
    if (result.kind === "found") return finish(around, { ...result, passedOver });
    if (result.kind !== "passed") return result;
    passedOver.push(...result.notes);
  }
  const because =
    around.script === null ? "nothing here says what a command needs" : "nothing says what it needs";
  return finish(around, { environment: { kind: "none" }, because, passedOver });
}

function finish(
  around: Surroundings,
  { environment, because, passedOver }: Omit<Decision, "command">,
): Verdict {
  const missing = missingTool(environment, around.tools);
  if (missing !== undefined) {
    const message = `${around.words[0]} is to run in ${describe(environment)} (${because}), and there is no \`${missing}\` on PATH: install Nix, or run it with this machine's own programs: chimera run --no-nix …`;
    return { kind: "refused", code: "tool-missing", message };
  }
  const command = commandIn(environment, around);
  if (command.kind === "refused") return command;
  return { kind: "decided", decision: { environment, because, passedOver, command: command.words } };
}

function missingTool(environment: Environment, tools: ReadonlySet<string>): string | undefined {
  const needed = toolOf(environment);
  return needed === undefined || tools.has(needed) ? undefined : needed;
}

function toolOf(environment: Environment): string | undefined {
  switch (environment.kind) {
    case "none":
      return undefined;
    case "nix-script":
      return environment.tool;
    case "devenv":
    case "devbox":
      return environment.kind;
    case "python":
    case "flake":
    case "shell-nix":
    case "program":
      return "nix";
  }
}
