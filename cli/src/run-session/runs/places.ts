/** SHELL. Where runs are kept, and the folder of the user's own tmux server: nobody else may enter either. */
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { xdgFolder, type Io } from "../../io.ts";

export function runsFolder(io: Pick<Io, "env">): string {
  return join(xdgFolder(io, "XDG_STATE_HOME", join(".local", "state")), "chimera", "runs");
}

/** Not the sentinel's name for its socket: root's own could otherwise be taken for it. */
export function socketIn(folder: string): string {
  return join(folder, "run-tmux.sock");
}

/**
 * $XDG_RUNTIME_DIR/chimera. A shell of cron or su does not have that variable, and is to find the same folder; where there is
 * none, one below /tmp that is ours alone.
 */
export function runtimeFolder({ env }: Pick<Io, "env">): string {
  const uid = process.getuid?.() ?? 0;
  const set = env["XDG_RUNTIME_DIR"] ?? "";
  const found = [set, `/run/user/${uid}`].find((path) => isAbsolute(path) && isOwnFolder(path, uid));
  return found === undefined ? join(tmpdir(), `chimera-${uid}`) : join(found, "chimera");
}

function isOwnFolder(path: string, uid: number): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts?.isDirectory() === true && facts.uid === uid;
}

/** Made with 0700; one that is there already and not ours is refused, since whoever has it could type into our sessions. */
export function privateFolder(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (!isThere) throw new ChimeraError("file-unreadable", `make ${path}`, { cause });
  }
  const facts = lstatSync(path);
  if (facts.isDirectory() && facts.uid === process.getuid?.() && (facts.mode & 0o077) === 0) return path;
  throw new ChimeraError(
    "file-unreadable",
    `${path} is not a folder of yours alone (it is to be yours, with mode 700): remove it, or set XDG_RUNTIME_DIR`,
  );
}
