/**
 * SHELL. The folder with a fleet's NATS keys, where nats-server knows its users by passes: seeds (0600), and the three JWTs that the root
 * signed. What issuers there are is said by the accounts' JWTs and by the seeds in use here, so that a change that was cut short is not lost.
 */
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import {
  readFleetAccount,
  readRoot,
  readSystemAccount,
  signFleetAccount,
  signRoot,
  signSystemAccount,
  type FleetAccount,
  type SystemAccount,
} from "@chimera/proto/nats/fleet-account";
import { issuerRoles, systemName } from "@chimera/proto/nats/issuers";
import { generateNkey, parseNkeySeed, type NkeyKind, type NkeySigner } from "@chimera/proto/nkey";
import { replaceFile } from "../replace-file.ts";
import { readSecret, syncFolder, writeNewFile } from "../secret-file.ts";
import { readJwtFile } from "./jwt-file.ts";

export const issuerNames = [...issuerRoles, systemName] as const;
export type IssuerName = (typeof issuerNames)[number];

export interface NatsFolder {
  path: string;
  root: string;
  fleet: FleetAccount;
  system: SystemAccount;
  jwts: Record<JwtName, string>;
}

type JwtName = "root" | "account" | "system";

export const seedFile = (path: string, name: IssuerName | "root", age: "" | "old." | "new." = "") =>
  join(path, name === "root" ? `root.${age}seed` : `${name}-issuer.${age}seed`);

export async function openNatsFolder(path: string): Promise<NatsFolder> {
  const read = (name: JwtName) => readJwtFile(join(path, `${name}.jwt`));
  const jwts = { root: await read("root"), account: await read("account"), system: await read("system") };
  const { root } = readRoot(jwts.root);
  const fleet = readFleetAccount(jwts.account, root);
  const system = readSystemAccount(jwts.system, root);
  for (const name of issuerNames) {
    if (!(await isThere(seedFile(path, name)))) continue;
    const { publicKey } = await readSeed(seedFile(path, name), "account");
    const known = [...system.issuers, ...fleet.issuers.map(({ key }) => key)];
    if (known.includes(publicKey)) continue;
    if (name === systemName) system.issuers.push(publicKey);
    else fleet.issuers.push({ role: name, key: publicKey });
  }
  return { path, root, fleet, system, jwts };
}

/** Signs both accounts anew, with the permissions of this version of Chimera. `rootSeed`: where it is kept away from here. */
export async function signNatsFolder(folder: NatsFolder, nowS: number, rootSeed?: string): Promise<void> {
  const root = await readSeed(rootSeed ?? seedFile(folder.path, "root"), "operator");
  if (root.publicKey !== folder.root) {
    throw new ChimeraError(
      "input-invalid",
      `that root seed is of ${root.publicKey}; the fleet's is ${folder.root}`,
    );
  }
  await writeJwts(folder, root, nowS);
}

/** Each is whole by itself; the server takes them one by one. */
async function writeJwts(
  { path, fleet, system }: Omit<NatsFolder, "root" | "jwts">,
  root: NkeySigner,
  nowS: number,
) {
  const at = { root, nowS };
  await replaceFile(join(path, "root.jwt"), `${signRoot(system.account, root, nowS)}\n`);
  await replaceFile(join(path, "account.jwt"), `${signFleetAccount(fleet, root, nowS)}\n`);
  await replaceFile(join(path, "system.jwt"), `${signSystemAccount(system, fleet.account, at)}\n`);
}

export interface NewNats {
  fleetId: FleetAccount["fleetId"];
  limits: FleetAccount["limits"];
  nowS: number;
}

/** All keys of a fleet in NATS, in an empty folder. The accounts' own keys are made, named, and forgotten. */
export async function makeNatsFolder(path: string, { fleetId, limits, nowS }: NewNats): Promise<void> {
  const root = await makeSeed(seedFile(path, "root"), "operator");
  const issuers: FleetAccount["issuers"] = [];
  for (const role of issuerRoles) {
    issuers.push({ role, key: (await makeSeed(seedFile(path, role), "account")).publicKey });
  }
  const issuer = await makeSeed(seedFile(path, systemName), "account");
  const account = generateNkey("account").publicKey;
  const fleet = { fleetId, account, issuers, revocations: {}, limits };
  const system = { account: generateNkey("account").publicKey, issuers: [issuer.publicKey] };
  await writeJwts({ path, fleet, system }, root, nowS);
}

/** The key in use becomes the old one, beside a new one. Throws usage while there is an old one. */
export async function exchangeSeed(path: string, name: IssuerName | "root"): Promise<NkeySigner> {
  const old = seedFile(path, name, "old.");
  if (await isThere(old)) {
    throw new ChimeraError("usage", `${old} is still there: "chimera nats drop --issuer ${name}" first`);
  }
  const [fresh, used] = [seedFile(path, name, "new."), seedFile(path, name)];
  await rm(fresh, { force: true });
  const made = await makeSeed(fresh, name === "root" ? "operator" : "account");
  if (await isThere(used)) await rename(used, old);
  await rename(fresh, used);
  await syncFolder(path);
  return made;
}

/** A new root for the same accounts: nats-server learns of it from its configuration alone. */
export async function exchangeRoot(folder: NatsFolder, nowS: number): Promise<string> {
  const root = await exchangeSeed(folder.path, "root");
  await writeJwts(folder, root, nowS);
  return root.publicKey;
}

async function makeSeed(file: string, kind: NkeyKind): Promise<NkeySigner> {
  const { seed } = generateNkey(kind);
  await writeNewFile(file, `${seed}\n`, 0o600);
  return parseNkeySeed(seed, kind);
}

export async function readSeed(file: string, kind: NkeyKind): Promise<NkeySigner> {
  try {
    return parseNkeySeed(await readSecret(file, "NATS seed file"), kind);
  } catch (cause) {
    if (cause instanceof ChimeraError && cause.code !== "input-invalid") throw cause;
    throw new ChimeraError("input-invalid", `NATS seed file ${file}`, { cause });
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
