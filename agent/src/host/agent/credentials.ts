/**
 * SHELL. With what the node enters NATS: its seed, and its pass where the server wants one. Both files are looked at anew each time that it
 * enters, so that one that was exchanged in place counts without a restart.
 */
import { readPass } from "@chimera/proto/nats/pass";
import type { NkeySigner } from "@chimera/proto/nkey";
import type { Log } from "@chimera/proto/log";
import { writeDurably } from "../state/state-file.ts";
import { readSecret, readSeed } from "./identity.ts";

export interface Credentials {
  nkey: NkeySigner;
  /** Null where there is none yet, or none is used. */
  pass: string | null;
}

interface CredentialFiles {
  seedFile: string;
  passFile?: string | undefined;
}

/** Throws for a seed that is no seed now; what becomes unreadable later is said, and the last good one goes on. */
export function openCredentials({ seedFile, passFile }: CredentialFiles, log: Log): () => Credentials {
  let last: Credentials = { nkey: readSeed(seedFile), pass: null };
  const readLast = <T>(file: string, read: () => T, before: T): T => {
    try {
      return read();
    } catch (error) {
      log.warn({ file, error }, "NATS credentials were not read");
      return before;
    }
  };
  return () => {
    const nkey = readLast(seedFile, () => readSeed(seedFile), last.nkey);
    const pass =
      passFile === undefined ? null : readLast(passFile, () => readPassFile(passFile, nkey), last.pass);
    last = { nkey, pass };
    return last;
  };
}

/** Where the node's pass is put; null where it uses none. */
export function passSaver({ passFile }: CredentialFiles): ((pass: string) => void) | null {
  return passFile === undefined ? null : (pass) => writeDurably(passFile, `${pass}\n`);
}

/** One that names another nkey would only be refused. */
function readPassFile(file: string, { publicKey }: NkeySigner): string {
  const text = readSecret(file);
  const { sub } = readPass(text);
  if (sub !== publicKey) throw new Error(`it is a pass of ${sub}, the seed is that of ${publicKey}`);
  return text;
}
