/** SHELL. `chimera nats revoke|rotate|drop|sign`: the accounts anew, signed by the root; `push` makes them count. */
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { revoke } from "@chimera/proto/nats/fleet-account";
import { systemName } from "@chimera/proto/nats/issuers";
import { maxPassSeconds } from "@chimera/proto/nats/pass";
import { UserNkey } from "@chimera/proto/nkey";
import { z } from "zod";
import type { Io } from "../../../io.ts";
import {
  exchangeRoot,
  exchangeSeed,
  issuerNames,
  openNatsFolder,
  readSeed,
  seedFile,
  signNatsFolder,
  type IssuerName,
  type NatsFolder,
} from "../../../nats-keys/nats-folder.ts";
import { parseOptions } from "../../../parse-options.ts";
import { pushHint, rotatedText } from "../../../print/nats/nats-text.ts";
import { folderOf, nowS, SigningOptions } from "./folder-options.ts";

const RevokeOptions = SigningOptions.extend({ nkey: UserNkey });
const IssuerOptions = SigningOptions.extend({ issuer: z.enum([...issuerNames, "root"]) });

export async function revokeNkey(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(RevokeOptions, given);
  const folder = await openNatsFolder(await folderOf(io, options));
  const fleet = revoke(folder.fleet, options.nkey, { nowS: nowS(io), maxPassS: maxPassSeconds });
  await resign(io, { ...folder, fleet }, options);
  io.out(`every pass of ${options.nkey} made until now is void\n${pushHint}`);
}

export async function rotate(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(IssuerOptions, given);
  const folder = await openNatsFolder(await folderOf(io, options));
  if (options.issuer === "root") {
    const root = await exchangeRoot(folder, nowS(io));
    io.out(rotatedText("root", root));
    return;
  }
  const { publicKey } = await exchangeSeed(folder.path, options.issuer);
  await resign(io, await openNatsFolder(folder.path), options);
  io.out(rotatedText(options.issuer, publicKey));
}

/** What is left is the key whose seed is in use here. */
export async function drop(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(IssuerOptions, given);
  const { issuer } = options;
  const folder = await openNatsFolder(await folderOf(io, options));
  const old = seedFile(folder.path, issuer, "old.");
  const left = issuer === "root" ? null : await keepOnly(folder, issuer);
  await rm(old, { force: true });
  if (left !== null) await resign(io, left, options);
  io.out(
    issuer === "root" ? `${old} is gone\n` : `passes of the older ${issuer} issuer are void\n${pushHint}`,
  );
}

export async function sign(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(SigningOptions, given);
  const folder = await openNatsFolder(await folderOf(io, options));
  await resign(io, folder, options);
  io.out(`the accounts are signed anew\n${pushHint}`);
}

async function keepOnly(folder: NatsFolder, name: IssuerName): Promise<NatsFolder> {
  const { publicKey: kept } = await readSeed(seedFile(folder.path, name), "account");
  if (name === systemName) return { ...folder, system: { ...folder.system, issuers: [kept] } };
  const { fleet } = folder;
  const issuers = fleet.issuers.filter(({ role, key }) => role !== name || key === kept);
  if (issuers.length === fleet.issuers.length) {
    throw new ChimeraError(
      "usage",
      `there is one issuer for the role ${name}: "chimera nats rotate" makes another`,
    );
  }
  return { ...folder, fleet: { ...fleet, issuers } };
}

async function resign(
  io: Io,
  folder: NatsFolder,
  { rootSeed }: { rootSeed?: string | undefined },
): Promise<void> {
  await signNatsFolder(folder, nowS(io), rootSeed === undefined ? undefined : resolve(io.cwd, rootSeed));
}
