/** SHELL. `chimera run --explain`: the decision and the exact words, without making or running anything. */
import { join } from "node:path";
import type { Io } from "../../io.ts";
import { printableJson } from "../../print/printable.ts";
import { explanationText, type Explanation } from "../../print/run/explanation-text.ts";
import { describe, type Environment } from "../decide/environment.ts";
import type { Asked } from "../record/run-record.ts";
import { decideRun } from "./decide-run.ts";
import { entryWords } from "./prepare-environment.ts";
import type { Prepared } from "./prepared.ts";

export async function explainRun(io: Io, asked: Asked, json: boolean): Promise<string> {
  const { environment, because, passedOver, command, around } = await decideRun(io, asked);
  const { system } = around;
  const { madeBy, kept } = await making(io, environment, { system, loose: asked.loose });
  const entry = kept?.entry ?? entryOf(environment, asked.cwd);
  const explanation: Explanation = {
    environment: { kind: environment.kind, text: describe(environment), store: kept?.store ?? null },
    because,
    passedOver,
    madeBy,
    command: [...entry, ...command],
    cwd: kept?.entryFolder ?? asked.cwd,
  };
  return json ? `${printableJson(explanation, 2)}\n` : explanationText(explanation, io.paint);
}

function entryOf(environment: Environment, cwd: string): string[] {
  if (environment.kind !== "devenv" && environment.kind !== "devbox") return [];
  return [...entryWords(environment), "env", "-C", cwd];
}

interface Making {
  /** Null where nothing is made, or where nixpkgs has to be asked first. */
  madeBy: string[] | null;
  kept: Prepared | undefined;
}

async function making(
  io: Io,
  environment: Environment,
  options: { system: string; loose: boolean },
): Promise<Making> {
  switch (environment.kind) {
    case "flake":
    case "shell-nix": {
      const { devEnvCache, devEnvCall, keptDevEnv } = await import("./dev-env.ts");
      const cache = devEnvCache(io, environment, options.system);
      return {
        madeBy: ["nix", ...devEnvCall(environment, join(cache.folder, "profile"))],
        kept: keptDevEnv(cache),
      };
    }
    case "program":
    case "python": {
      const { builtEnvCache, keptBuiltEnv, programCall } = await import("./built-env.ts");
      const cache = builtEnvCache(io, environment, options);
      const madeBy =
        environment.kind === "program"
          ? ["nix", ...programCall(environment, join(cache.folder, "result"))]
          : null;
      return { madeBy, kept: keptBuiltEnv(cache) };
    }
    case "none":
    case "nix-script":
    case "devenv":
    case "devbox":
      return { madeBy: null, kept: undefined };
  }
}
