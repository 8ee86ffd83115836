/** SHELL. The controller's NATS identity: its seed, and its pass where nats-server wants one. */
import { readFileSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { isNearEnd, readPass } from "@chimera/proto/nats/pass";
import { parseNkeySeed, type NkeySigner } from "@chimera/proto/nkey";

export interface NatsCredentials {
  nkey: NkeySigner;
  pass: string | null;
}

export interface NatsFiles {
  seedFile: string;
  passFile?: string | undefined;
}

/** Throws file-unreadable or config-invalid, naming the configuration key and the file. */
export function readNatsSeed(file: string): NkeySigner {
  return readNamed("nats.seedFile", file, parseNkeySeed);
}

/** The same. */
export function readNatsCredentials({ seedFile, passFile }: NatsFiles): NatsCredentials {
  const nkey = readNatsSeed(seedFile);
  const pass =
    passFile === undefined ? null : readNamed("nats.passFile", passFile, (text) => ownPass(text, nkey));
  return { nkey, pass };
}

/** For each connect: what was exchanged in place counts; where that cannot be read it is said, and the last good one goes on. */
export function followNatsCredentials(files: NatsFiles, log: Log): () => NatsCredentials {
  let last = readNatsCredentials(files);
  return () => {
    try {
      last = readNatsCredentials(files);
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      log.warn({ error }, "nats credentials were not read");
    }
    return last;
  };
}

/** The same, and told of when the pass nears its end; until `ending`. */
export function watchedCredentials(files: NatsFiles, log: Log, ending: AbortSignal): () => NatsCredentials {
  const credentials = followNatsCredentials(files, log);
  ending.addEventListener("abort", watchPassEnd(credentials, log), { once: true });
  return credentials;
}

const lookEveryMs = 6 * 3_600_000;

/** Nobody renews the controller's own pass but its owner, by hand. Says so in its last quarter, at once and again. Returns what ends it. */
export function watchPassEnd(credentials: () => NatsCredentials, log: Log): () => void {
  const look = () => {
    const { pass } = credentials();
    if (pass === null) return;
    const { iat, exp } = readPass(pass);
    if (!isNearEnd({ iat, exp }, Date.now() / 1000)) return;
    log.warn(
      { until: new Date(exp * 1000).toISOString() },
      "nats pass ends soon, chimera nats pass makes another",
    );
  };
  look();
  const timer = setInterval(look, lookEveryMs).unref();
  return () => clearInterval(timer);
}

function ownPass(text: string, { publicKey }: NkeySigner): string {
  const { sub } = readPass(text);
  if (sub === publicKey) return text.trim();
  throw new ChimeraError("input-invalid", `it is a pass of ${sub}, nats.seedFile is that of ${publicKey}`);
}

function readNamed<T>(key: string, file: string, parse: (text: string) => T): T {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `${key} ${file}`, { cause });
  }
  try {
    return parse(text);
  } catch (cause) {
    throw new ChimeraError("config-invalid", `${key} ${file}`, { cause });
  }
}
