/** SHELL. `chimera init`: the keys of a new fleet, its key set, and a context for it. Nothing is ever overwritten. */
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import type { FleetId } from "@chimera/proto/names";
import { signersOf } from "@chimera/proto/signed/envelope";
import { ChimeraError } from "@chimera/proto/errors";
import { Option, type Command } from "commander";
import { z } from "zod";
import {
  Context,
  ContextName,
  ControllerUrl,
  contextFilePath,
  readContexts,
  writeContexts,
} from "../../context/context-file.ts";
import { fleetKeyNames, newFleet, type NewFleet } from "../../fleet/keys/new-fleet.ts";
import type { Io } from "../../io.ts";
import { ExpiresDays, Threshold } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { newFleetText, type MadeFleet } from "../../print/new-fleet-text.ts";
import { printableJson } from "../../print/printable.ts";
import { syncFolder, writeNewFile } from "../../secret-file.ts";

const dayMs = 86_400_000;

const sharedKeys = z.array(PublicKeyText).max(31).default([]);
const Options = z.object({
  name: ContextName,
  controller: ControllerUrl,
  dir: z.string().min(1).optional(),
  tokenFile: z.string().min(1).optional(),
  rootKey: sharedKeys,
  rootThreshold: Threshold,
  publishKey: sharedKeys,
  publishThreshold: Threshold,
  expiresDays: ExpiresDays,
  nats: z.enum(["list", "passes"]).default("list"),
  json: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  command
    .description("Make the keys and the key set of a new fleet, and a context for it.")
    .requiredOption("--name <name>", "name of the fleet: of its keys and its context")
    .requiredOption("--controller <url>", "address of the controller")
    .option("--dir <path>", "new folder for the keys (default: beside the configuration)")
    .option("--token-file <path>", "file with the operator's token")
    .option("--root-key <pub...>", "public key of another person who may sign key sets")
    .option("--root-threshold <n>", "how many root keys must sign", "1")
    .option("--publish-key <pub...>", "public key of another person who may sign heads")
    .option("--publish-threshold <n>", "how many publish keys must sign", "1")
    .option("--expires-days <days>", "until when the key set can be used without a renewal", "365")
    .addOption(
      new Option("--nats <how>", "how nats-server knows its users: a list of nkeys, or passes")
        .choices(["list", "passes"])
        .default("list"),
    )
    .option("--json", "print JSON, for programs")
    .addHelpText(
      "after",
      examples([
        "chimera init --name lab --controller http://hub:7070 --token-file ~/lab.token",
        "chimera init --name prod --controller https://chimera.example.org --dir /media/stick/prod",
        "chimera init --name prod --controller https://chimera.example.org --publish-threshold 2 \\",
        "  --publish-key bob:… --publish-key carol:…      # heads need two of three people",
        "chimera init --name prod --controller https://chimera.example.org --nats passes",
      ]),
    )
    .action(async (options: unknown) => init(io, parseOptions(Options, options)));
}

async function init(io: Io, options: Options): Promise<void> {
  const folder = resolve(io.cwd, options.dir ?? join(dirname(contextFilePath(io)), "keys", options.name));
  const contexts = await readContexts(io);
  if (Object.hasOwn(contexts.contexts, options.name)) {
    throw new ChimeraError("usage", `context "${options.name}" exists in ${contextFilePath(io)}`);
  }
  await refuseExisting(folder);
  const fleet = newFleet({
    name: options.name,
    expires: new Date(io.nowMs() + options.expiresDays * dayMs).toISOString(),
    root: { keys: options.rootKey, threshold: options.rootThreshold },
    publish: { keys: options.publishKey, threshold: options.publishThreshold },
  });
  await writeFleet(folder, fleet, async (into) => {
    if (options.nats === "passes") await makeNats(io, into, fleet.fleetId);
  });
  const context = Context.parse({
    controller: options.controller.replace(/\/+$/u, ""),
    fleetId: fleet.fleetId,
    ...(options.tokenFile === undefined ? {} : { tokenFile: resolve(io.cwd, options.tokenFile) }),
    publishKeyFile: join(folder, "publish.key"),
    panicKeyFile: join(folder, "panic.key"),
    orderKeyFile: join(folder, "order.key"),
    cacheKeyFile: join(folder, "cache.key"),
  });
  await writeContexts(io, {
    current: options.name,
    contexts: { ...contexts.contexts, [options.name]: context },
  });
  const nats = options.nats === "passes" ? join(folder, "nats") : null;
  const made = { ...describe(fleet, folder, options.name), natsFolder: nats };
  io.out(options.json ? `${printableJson(made, 2)}\n` : newFleetText(made));
}

async function refuseExisting(folder: string): Promise<void> {
  const found = await stat(folder).then(
    () => true,
    () => false,
  );
  if (found)
    throw new ChimeraError("usage", `${folder} exists: keys are never overwritten, choose another --dir`);
}

async function makeNats(io: Io, folder: string, fleetId: FleetId): Promise<void> {
  const { makeKeys } = await import("./nats/init.ts");
  const own = join(folder, "nats");
  await mkdir(own, { mode: 0o700 });
  await makeKeys(io, own, fleetId);
}

/** Whole or not at all: a folder with half the keys of a fleet would look like a fleet. */
async function writeFleet(
  folder: string,
  fleet: NewFleet,
  more: (temporary: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const temporary = await mkdtemp(join(parent, `.${basename(folder)}-`));
  try {
    for (const name of fleetKeyNames) {
      await writeNewFile(join(temporary, `${name}.key`), `${fleet.keys[name].secret}\n`, 0o600);
      await writeNewFile(join(temporary, `${name}.pub`), `${fleet.keys[name].public}\n`, 0o644);
    }
    await writeNewFile(join(temporary, "keys.1.json"), `${JSON.stringify(fleet.keySet, null, 2)}\n`, 0o644);
    await more(temporary);
    await rename(temporary, folder);
    await syncFolder(parent);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function describe(
  { fleetId, keys, keySet, set }: NewFleet,
  folder: string,
  name: string,
): Omit<MadeFleet, "natsFolder"> {
  return {
    fleetId,
    context: name,
    folder,
    keySetFile: join(folder, "keys.1.json"),
    freshKeyFile: join(folder, "fresh.key"),
    roles: set.roles,
    expires: set.expires,
    rootSigned: signersOf(keySet, { kind: "keys", role: set.roles.root }),
    publicKeys: Object.fromEntries(fleetKeyNames.map((key) => [key, keys[key].public])),
    cachePublicKey: keys.cache.public,
  };
}
