/** SHELL. Which devShells a flake has: by name, without building or evaluating any of them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { runNix } from "../../nix/nix-command.ts";
import { replaceFile } from "../../replace-file.ts";
import { flakeRefOf } from "../decide/flake-ref.ts";
import type { FlakeOutputs, Surroundings } from "../decide/surroundings.ts";
import { contentCache } from "./content-cache.ts";
import { localInputs, traceEvaluation } from "./evaluation-trace.ts";
import { nixIdentity } from "./nix-identity.ts";

const Outputs = z.object({ shells: z.array(z.string()), hasPackage: z.boolean() });

const expression = `{ flake, system }:
let outputs = (builtins.getFlake flake).outputs; in
{
  # Nix gives the arguments only on the way to an attribute.
  answer = {
    shells = builtins.attrNames (outputs.devShells.\${system} or { });
    hasPackage = outputs ? packages.\${system}.default;
  };
}
`;

export async function askFlake(
  io: Io,
  folder: string,
  { repository, system }: Pick<Surroundings, "repository" | "system">,
): Promise<FlakeOutputs> {
  const reference = flakeRefOf(folder, repository);
  const cache = contentCache(io, ["outputs", reference, system, ...nixIdentity(io)], Outputs);
  const kept = cache.read();
  if (kept !== undefined) return kept;
  mkdirSync(cache.folder, { recursive: true, mode: 0o700 });
  const file = join(cache.folder, "outputs.nix");
  await replaceFile(file, expression);
  const trace = traceEvaluation();
  const result = await runNix(io, {
    args: [
      "eval",
      "--json",
      "--no-write-lock-file",
      "-v",
      "--file",
      file,
      "answer",
      ...strings({ flake: reference, system }),
    ],
    cwd: folder,
    onLine: trace.onLine,
  });
  if (result.kind === "failed") {
    throw new ChimeraError("build-failed", `${folder}/flake.nix: ${reasonOf(result.log.failure())}`);
  }
  const outputs = Outputs.parse(JSON.parse(result.stdout));
  await cache.write(localInputs(folder, trace.files), outputs);
  return outputs;
}

/** Without the way to it, which leads through our own question. */
function reasonOf(failure: string): string {
  const reason = failure.slice(Math.max(0, failure.lastIndexOf("error: ")));
  if (!/-source\/(?:.*\/)?flake\.nix' does not exist/u.test(reason)) return reason;
  return `${reason} (a flake sees only what git tracks: git add flake.nix)`;
}

export function strings(named: Readonly<Record<string, string>>): string[] {
  return Object.entries(named).flatMap(([name, value]) => ["--argstr", name, value]);
}
