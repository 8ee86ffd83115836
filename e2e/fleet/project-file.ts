// SHELL. The chimera.toml of a staged world: what an operator keeps beside the flake.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stage } from "../lab/os/build-systems.ts";
import { installable } from "../lab/os/build-systems.ts";

export async function projectFile(
  stage: Stage,
  {
    nodes,
    nodeKeys,
    substituters,
  }: { nodes: readonly string[]; nodeKeys: Record<string, string>; substituters: readonly string[] },
): Promise<void> {
  const parts = nodes.map((node) =>
    [
      `[nodes.${node}]`,
      `key = ${JSON.stringify(nodeKeys[node] ?? "")}`,
      `tags = [${node === "n1" ? '"canary"' : ""}]`,
      `installable = ${JSON.stringify(installable(stage, `systems.${node}`).join(" "))}`,
      "",
    ].join("\n"),
  );
  await writeFile(
    join(stage.write, "chimera.toml"),
    [`substituters = ${JSON.stringify(substituters)}`, "", ...parts].join("\n"),
  );
}
