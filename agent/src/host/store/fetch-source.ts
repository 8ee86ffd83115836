/** SHELL. Where this node's paths come from, and with which password. */
import { join } from "node:path";
import type { Leaf } from "@chimera/proto/signed/world";
import { writeDurably } from "../state/state-file.ts";

/** The leaf's own, else the controller's cache. */
export function substitutersOf({ substituters }: Leaf, controllerUrl: string): string[] {
  return substituters.length > 0 ? substituters : [`${controllerUrl}/cache`];
}

/** Only the controller gets the token; another substituter is no business of it. The file's path. */
export function writeNetrc(
  { runtimeDir, controllerUrl }: { runtimeDir: string; controllerUrl: string },
  token: string,
): string {
  const netrcFile = join(runtimeDir, "netrc");
  writeDurably(netrcFile, `machine ${new URL(controllerUrl).hostname} login chimera password ${token}\n`);
  return netrcFile;
}
