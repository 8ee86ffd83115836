/** SHELL. The names of a flake's nixosConfigurations: evaluating names costs no system. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { z } from "zod";
import type { Io } from "../io.ts";
import { nixOutput } from "./nix-command.ts";

export async function flakeNodes(io: Io, flake: string, folder: string): Promise<NodeName[]> {
  const args = ["eval", "--json", `${flake}#nixosConfigurations`, "--apply", "builtins.attrNames"];
  const text = await nixOutput(io, { args, cwd: folder }, `names of ${flake}#nixosConfigurations`);
  const found = z.array(z.string()).safeParse(JSON.parse(text));
  if (!found.success) {
    throw new ChimeraError("input-invalid", `${flake}#nixosConfigurations: ${z.prettifyError(found.error)}`);
  }
  // An installer image or the like beside the nodes: it cannot be one, so it stops nobody.
  return found.data.flatMap((name) => NodeName.safeParse(name).data ?? []);
}

export function flakeInstallable(flake: string, node: string): string {
  return `${flake}#nixosConfigurations.${node}.config.system.build.toplevel`;
}
