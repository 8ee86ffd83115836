// SHELL. For integration tests: the real tool of this machine where it has one, else that of the root filesystem.
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { natsServerInRootfs, rootfsPath } from "../prepare/rootfs.ts";
import { toolRoot } from "./tool-root.ts";

export type Tool =
  | "nix"
  | "nix-store"
  | "nix-env"
  | "nix-build"
  | "nix-instantiate"
  | "tmux"
  | "nats-server"
  | "zstd"
  | "ssh-keygen";

/** The beginning of an argv. With a root filesystem's tool, `nixDir` is its /nix; /usr and /etc are not this machine's. */
export function toolCommand(tool: Tool, options: { readonly nixDir?: string } = {}): string[] {
  const own = onPath(tool);
  if (own !== undefined && (tool !== "nats-server" || isNewEnough(own))) return [own];
  const rootfs = rootfsPath();
  if (!existsSync(rootfs)) {
    throw new ChimeraError(
      "tool-missing",
      `${tool} is not installed: run \`npm run lab -- prepare\`, which makes one`,
    );
  }
  // It is statically linked and runs anywhere.
  if (tool === "nats-server") return [join(rootfs, natsServerInRootfs)];
  return toolRoot(options).argv([tool]);
}

function onPath(tool: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, tool)).find(isProgram);
}

function isProgram(path: string): boolean {
  if (!existsSync(path) || !statSync(path).isFile()) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isNewEnough(natsServer: string): boolean {
  const text = execFileSync(natsServer, ["--version"], { encoding: "utf8" });
  const [, major = "0", minor = "0"] = /v(\d+)\.(\d+)\./.exec(text) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 15);
}
