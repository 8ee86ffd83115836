/** SHELL. `chimera nats push`: nats-server gets the accounts' newest JWTs while it runs, and is asked what it has. */
import { ChimeraError } from "@chimera/proto/errors";
import { claimsLookup, claimsUpdate, systemName } from "@chimera/proto/nats/issuers";
import { signPass } from "@chimera/proto/nats/pass";
import { generateNkey, parseNkeySeed, type NkeySigner } from "@chimera/proto/nkey";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import { NatsServer } from "../../../context/context-file.ts";
import type { Io } from "../../../io.ts";
import { openNatsLink, type NatsLink } from "../../../nats/connection.ts";
import { openNatsFolder, readSeed, seedFile, type NatsFolder } from "../../../nats-keys/nats-folder.ts";
import { parseOptions } from "../../../parse-options.ts";
import { FolderOptions, folderOf, nowS } from "./folder-options.ts";

const Options = FolderOptions.extend({ server: NatsServer });
const passSeconds = 60;

const UpdateAnswer = z.object({
  data: z.object({ code: z.int() }).optional(),
  error: z.object({ description: z.string().max(1024).default("") }).optional(),
});

export async function push(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(Options, given);
  const folder = await openNatsFolder(await folderOf(io, options));
  const link = await enter(io, folder, options.server);
  try {
    // The system account last: it may take away the issuer that let us in.
    await handOver(link, folder.fleet.account, folder.jwts.account);
    await update(link, folder.jwts.system);
  } finally {
    await link.close();
  }
  io.out(`${options.server} has both accounts\n`);
}

/** With the issuer in use, or, where the server does not know that yet, with the older one. */
async function enter(io: Io, folder: NatsFolder, server: string): Promise<NatsLink> {
  const older = seedFile(folder.path, systemName, "old.");
  try {
    return await enterWith(io, folder, {
      server,
      issuer: await readSeed(seedFile(folder.path, systemName), "account"),
    });
  } catch (error) {
    if (!(error instanceof ChimeraError) || error.code !== "role-forbidden") throw error;
    const issuer = await readSeed(older, "account").catch(() => null);
    if (issuer === null) throw error;
    return enterWith(io, folder, { server, issuer });
  }
}

function enterWith(
  io: Io,
  { system: { account } }: NatsFolder,
  { server, issuer }: { server: string; issuer: NkeySigner },
): Promise<NatsLink> {
  const nkey = parseNkeySeed(generateNkey().seed);
  const wish = { name: systemName, nkey: nkey.publicKey, account, seconds: passSeconds };
  const pass = signPass(wish, issuer, nowS(io));
  return openNatsLink({ servers: [server], nkey, pass: () => pass, inbox: subjects.inboxPrefix(systemName) });
}

/** nats-server answers that it took an account also where it will not have it: only what it shows afterwards counts. */
async function handOver(link: NatsLink, account: string, jwt: string): Promise<void> {
  await update(link, jwt);
  const { data } = await link.request(claimsLookup(account), "");
  if (Buffer.from(data).toString().trim() === jwt) return;
  throw new ChimeraError(
    "tool-failed",
    `nats-server does not show the account ${account} as it was handed over`,
  );
}

async function update(link: NatsLink, jwt: string): Promise<void> {
  const { data } = await link.request(claimsUpdate, jwt);
  const answer = UpdateAnswer.safeParse(parseJson(Buffer.from(data).toString()));
  if (answer.success && answer.data.data?.code === 200) return;
  const why = answer.success ? answer.data.error?.description : "it says something else";
  throw new ChimeraError("tool-failed", `nats-server refuses the account: ${why}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
