/** SHELL. `chimera nats show`: the issuers of a fleet, where their seeds are, and what is revoked. */
import { z } from "zod";
import type { Io } from "../../../io.ts";
import { openNatsFolder } from "../../../nats-keys/nats-folder.ts";
import { parseOptions } from "../../../parse-options.ts";
import { shownNatsText } from "../../../print/nats/nats-text.ts";
import { printableJson } from "../../../print/printable.ts";
import { FolderOptions, folderOf } from "./folder-options.ts";

const Options = FolderOptions.extend({ json: z.boolean().default(false) });

export async function show(io: Io, given: unknown): Promise<void> {
  const options = parseOptions(Options, given);
  const { root, fleet, system } = await openNatsFolder(await folderOf(io, options));
  const times = Object.entries(fleet.revocations).map(([nkey, at]) => [
    nkey,
    new Date(at * 1000).toISOString(),
  ]);
  const shown = { root, system, ...fleet, revocations: Object.fromEntries(times) };
  io.out(options.json ? `${printableJson(shown, 2)}\n` : shownNatsText(shown));
}
