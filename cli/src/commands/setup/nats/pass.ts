/** SHELL. `chimera nats pass`: a pass from an issuer whose seed lies here. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { issuerRoles, type IssuerRole } from "@chimera/proto/nats/issuers";
import { signPass } from "@chimera/proto/nats/pass";
import { UserNkey } from "@chimera/proto/nkey";
import { controllerName } from "@chimera/proto/permissions";
import { z } from "zod";
import type { Io } from "../../../io.ts";
import { openNatsFolder, readSeed, seedFile } from "../../../nats-keys/nats-folder.ts";
import { parseOptions } from "../../../parse-options.ts";
import { FolderOptions, folderOf, nowS } from "./folder-options.ts";

const Options = FolderOptions.extend({
  role: z.enum(issuerRoles),
  /** The rule of a node's name suits everybody: it stands in subjects. */
  name: NodeName,
  nkey: UserNkey,
  days: z.coerce
    .number("a number of days")
    .positive("more than 0 days")
    .max(400, "at most 400 days")
    .optional(),
});

const usualDays: Record<IssuerRole, number> = { node: 1, lead: 30, controller: 90, operator: 90 };

export async function pass(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(Options, given);
  const { role, name, nkey, days = usualDays[role] } = options;
  if (name === controllerName && (role === "node" || role === "lead")) {
    throw new ChimeraError("usage", `--name: "${controllerName}" is the controller's, no node may have it`);
  }
  const { path, fleet } = await openNatsFolder(await folderOf(io, options));
  const issuer = await readSeed(seedFile(path, role), "account");
  const wish = { name, nkey, account: fleet.account, seconds: Math.round(days * 86_400) };
  io.out(`${signPass(wish, issuer, nowS(io))}\n`);
}
