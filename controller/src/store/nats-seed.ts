/** SHELL. The controller's NATS identity, from its seed file. */
import { readFileSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import { parseNkeySeed, type NkeySigner } from "@chimera/proto/nkey";

/** Throws file-unreadable or config-invalid, naming the configuration key and the file. */
export function readNatsSeed(file: string): NkeySigner {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `nats.seedFile ${file}`, { cause });
  }
  try {
    return parseNkeySeed(text);
  } catch (cause) {
    throw new ChimeraError("config-invalid", `nats.seedFile ${file}`, { cause });
  }
}
