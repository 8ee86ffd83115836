/** SHELL. The controller's online key, from its file. */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";

const others = 0o077;

/**
 * Null without a file. Throws file-unreadable or config-invalid, naming the configuration key and the file. `credentials` is
 * systemd's $CREDENTIALS_DIRECTORY: an access list keeps it to the service, and its mask shows as 0440 (systemd #29435).
 */
export function readFreshKey(file: string | undefined, credentials: string | undefined): Signer | null {
  if (file === undefined) return null;
  const { mode, text } = readKeyFile(file);
  if ((mode & others) !== 0 && dirname(file) !== credentials) {
    throw new ChimeraError("config-invalid", `freshKeyFile ${file}: others may read it, chmod 600 is due`);
  }
  try {
    return parseSecretKey(text);
  } catch (cause) {
    throw new ChimeraError("config-invalid", `freshKeyFile ${file}`, { cause });
  }
}

function readKeyFile(file: string): { mode: number; text: string } {
  try {
    return { mode: statSync(file).mode, text: readFileSync(file, "utf8") };
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `freshKeyFile ${file}`, { cause });
  }
}
