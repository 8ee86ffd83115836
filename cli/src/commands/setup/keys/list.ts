/** SHELL. `chimera keys list`: the roles of the newest key set, and the key files of a folder. */
import { lstat, readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import { publicKeyBytes, PublicKeyText } from "@chimera/proto/signed/keys";
import { createApiClient } from "../../../api/api-client.ts";
import { currentContext, type NamedContext } from "../../../context/current-context.ts";
import { fleetKeys, rememberedKeys } from "../../../fleet/key-chain.ts";
import { fleetKeyNames } from "../../../fleet/keys/new-fleet.ts";
import type { Io } from "../../../io.ts";
import { FleetOptions } from "../../../options.ts";
import { parseOptions } from "../../../parse-options.ts";
import { keyFileTable, type ListedKey } from "../../../print/keys/key-file-table.ts";
import { keySetText, listedRoles } from "../../../print/keys/key-set-table.ts";
import { printable, printableJson } from "../../../print/printable.ts";
import { readSigner } from "../../../secret-file.ts";

const dayMs = 86_400_000;

export async function list(io: Io, dir: string | undefined, given: unknown): Promise<void> {
  const options = parseOptions(FleetOptions, given);
  if (dir !== undefined) return listFolder(io, resolve(io.cwd, dir), options.json);
  const context = await currentContext(io, options.context);
  const newest = await newestKeys(io, context);
  const folder = keyFolder(context);
  const files = folder === null ? [] : await listedKeys(folder);
  const keySet = newest === null ? null : await describeKeySet(io, context, { newest, files });
  if (options.json) {
    const described = keySet === null ? null : { ...keySet.facts, roles: keySet.roles };
    io.out(`${printableJson({ keySet: described, folder, keys: files }, 2)}\n`);
  } else io.out(`${keySet === null ? "" : `${keySet.text}\n`}${keyFileTable(files, io.paint)}`);
  refuseOpen(files);
}

/** By this operator's copy where the controller does not answer; null where that knows nothing either. */
async function newestKeys(io: Io, context: NamedContext): Promise<OpenedKeySet | null> {
  const api = await createApiClient(io, context);
  const keys = await fleetKeys(io, api, context).catch(async (error: unknown) => {
    if (!(error instanceof ChimeraError) || errorCodes[error.code].retry !== "backoff") throw error;
    io.err(`chimera: ${printable(errorChain(error))}; what follows is this operator's copy\n`);
    return rememberedKeys(io, context.fleetId);
  });
  return keys?.newest ?? null;
}

async function describeKeySet(
  io: Io,
  context: NamedContext,
  { newest: { set }, files }: { newest: OpenedKeySet; files: readonly ListedKey[] },
) {
  const { version, epoch, expires } = set;
  const daysLeft = Math.floor((Date.parse(expires) - io.nowMs()) / dayMs);
  const roles = listedRoles(set, finder(files, await keysInAgent(io, context)));
  const text = keySetText(set, { roles, daysLeft }, io.paint);
  return { facts: { version, epoch, expires }, roles, text };
}

async function listFolder(io: Io, folder: string, json: boolean): Promise<void> {
  const keys = await listedKeys(folder);
  io.out(json ? `${printableJson({ folder, keys }, 2)}\n` : keyFileTable(keys, io.paint));
  refuseOpen(keys);
}

function refuseOpen(keys: readonly ListedKey[]): void {
  const open = keys.filter((key) => key.problem !== null);
  if (open.length === 0) return;
  throw new ChimeraError("file-unreadable", open.map(({ problem }) => problem).join("; "));
}

function finder(files: readonly ListedKey[], agent: readonly PublicKeyText[]) {
  const places = new Map([
    ...agent.map((key): [string, string] => [bytesOf(key), "ssh-agent"]),
    ...files.flatMap(({ file, publicKey }): [string, string][] =>
      publicKey === null ? [] : [[bytesOf(publicKey), file]],
    ),
  ]);
  return (publicKey: string): string | null => places.get(bytesOf(publicKey)) ?? null;
}

/** The same whatever a key is called. */
function bytesOf(key: string): string {
  return publicKeyBytes(PublicKeyText.parse(key)).toString("hex");
}

/** An agent that is away holds nothing: a list is no place to fail for it. */
async function keysInAgent(io: Io, { agentKeys = [] }: NamedContext): Promise<PublicKeyText[]> {
  if (agentKeys.length === 0) return [];
  const { agentSigners } = await import("../../../signers/agent-signers.ts");
  const signers = await agentSigners(io, agentKeys).catch((error: unknown) => {
    if (error instanceof ChimeraError) return [];
    throw error;
  });
  return signers.map(({ publicKey }) => publicKey);
}

/** Null where every key is in ssh-agent. */
function keyFolder(context: NamedContext): string | null {
  const file = context.publishKeyFile ?? context.orderKeyFile ?? context.panicKeyFile;
  return file === undefined ? null : dirname(file);
}

async function listedKeys(folder: string): Promise<ListedKey[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", folder, { cause });
  });
  const keys: ListedKey[] = [];
  for (const name of names.filter((file) => file.endsWith(".key")).toSorted())
    keys.push(await describe(folder, name));
  return keys;
}

/** A key that others can read is not opened at all: it is listed with what to do. */
async function describe(folder: string, name: string): Promise<ListedKey> {
  const path = join(folder, name);
  const facts = await lstat(path);
  const mode = (facts.mode & 0o777).toString(8).padStart(4, "0");
  const role = roleOf(name);
  return readSigner(path, "key file").then(
    (signer) => ({ file: name, name: signer.name, publicKey: signer.publicKey, role, mode, problem: null }),
    (error: unknown) => {
      if (!(error instanceof ChimeraError)) throw error;
      return { file: name, name: null, publicKey: null, role, mode, problem: error.message };
    },
  );
}

/** `chimera init` names files by role. */
function roleOf(file: string): string | null {
  return fleetKeyNames.find((role) => role === basename(file, ".key")) ?? null;
}
