/** SHELL. Signs closures in the local store, where they were built: nodes take no path that is not. */
import type { StorePath } from "@chimera/proto/names";
import type { Io } from "../io.ts";
import { nixOutput } from "./nix-command.ts";

export async function signClosures(io: Io, toplevels: readonly StorePath[], keyFile: string): Promise<void> {
  const args = ["store", "sign", "--recursive", "--key-file", keyFile, "--stdin"];
  await nixOutput(io, { args, stdin: toplevels.join("\n") }, "sign the closures");
}
