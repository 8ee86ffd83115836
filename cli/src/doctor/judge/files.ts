/** PURE. Secret files and the folders they lie in: nobody but their owner may read them. */
import type { FileFacts, SpaceFacts } from "../facts.ts";
import { fail, fine, warn, type Found } from "./found.ts";

const others = 0o077;

export interface SecretRule {
  purpose: string;
  file: FileFacts;
  /** Who may own it. */
  owners: readonly number[];
}

export function judgeSecret({ purpose, file, owners }: SecretRule): Found {
  const at = { check: "secret-file", where: file.path };
  if (file.kind === "missing") {
    return fail(at, {
      what: `the ${purpose} is not there`,
      why: "whoever needs it cannot work without it",
      mend: "put it there again, or correct the path in the configuration",
    });
  }
  if (file.kind !== "file") {
    return fail(at, {
      what: `the ${purpose} cannot be looked at`,
      why: file.kind === "unreadable" ? "this user may not enter its folder" : "it is no regular file",
      mend: file.kind === "unreadable" ? "run this as root" : "put a file there",
    });
  }
  // An access list keeps it to the service, and its mask shows as 0440 (systemd #29435).
  const isCredential = file.path.startsWith("/run/credentials/");
  if ((file.mode & others) !== 0 && !isCredential) {
    return fail(at, {
      what: `others may read the ${purpose}: its mode is ${octal(file.mode)}`,
      why: "whoever reads it can speak for its owner",
      mend: `chmod 600 ${file.path}, and replace it where others had an account here`,
    });
  }
  if (!isCredential && !owners.includes(file.uid)) {
    return fail(at, {
      what: `the ${purpose} belongs to user ${file.uid}`,
      why: "that user can read and replace it",
      mend: `chown it to user ${owners[0] ?? 0}`,
    });
  }
  return fine(at, `only its owner can read the ${purpose}`);
}

export function judgeFolder(file: FileFacts): Found {
  const at = { check: "private-folder", where: file.path };
  if (file.kind === "missing") {
    return warn(at, {
      what: "the folder is not there",
      why: "the agent makes it at its first start: none has run here yet",
      mend: "systemctl start chimera-sentinel",
    });
  }
  if (file.kind !== "folder") {
    return fail(at, {
      what: "it is no folder that can be looked at",
      why: "the agent keeps there what it has accepted",
      mend: "run this as root; if it is no folder, move it away and start the sentinel",
    });
  }
  if ((file.mode & others) !== 0 || file.uid !== 0) {
    return fail(at, {
      what: `others may enter it: mode ${octal(file.mode)}, user ${file.uid}`,
      why: "keys lie in it, and its sockets take root's orders",
      mend: `chown root ${file.path} && chmod 700 ${file.path}`,
    });
  }
  return fine(at, "only root can enter it");
}

export function judgeSpace({ path, freeBytes, reserveBytes }: SpaceFacts): Found {
  const at = { check: "space", where: path };
  if (freeBytes === null) {
    return warn(at, {
      what: "nobody can say how much is free",
      why: "the file system does not answer",
      mend: `df ${path}`,
    });
  }
  if (freeBytes >= 2 * reserveBytes) return fine(at, `${mib(freeBytes)} are free`);
  const wrong = {
    what: `${mib(freeBytes)} are free, ${mib(reserveBytes)} are to stay so`,
    why: "without space no system can be fetched, and what is written last may be lost",
    mend: path.startsWith("/boot") ? "remove old generations" : "nix-collect-garbage, or a larger disk",
  };
  return freeBytes < reserveBytes ? fail(at, wrong) : warn(at, wrong);
}

const mib = (bytes: number) => `${Math.floor(bytes / (1 << 20))} MiB`;

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
