// SHELL. The operator's signing keys of a lab fleet, for tests that sign what the CLI would not.
import { readFile } from "node:fs/promises";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { fleetFolder } from "./fleet-folder.ts";

export async function operatorKey(name: "publish" | "panic" | "order" | "root"): Promise<Signer> {
  return parseSecretKey(
    await readFile(fleetFolder("operator", "chimera", "keys", "lab", `${name}.key`), "utf8"),
  );
}
