/** SHELL. `chimera keys`: key pairs, and which of them the fleet's key set gives which role. */
import { Option, type Command } from "commander";
import { keyRoles } from "@chimera/proto/signed/key-set";
import type { Io } from "../../io.ts";
import { addFleetOptions } from "../../options.ts";
import { examples } from "../../parse-options.ts";
import { change, type ChangeWords } from "./keys/change.ts";
import { fromSsh } from "./keys/from-ssh.ts";
import { generate } from "./keys/generate.ts";
import { list } from "./keys/list.ts";

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples([
      "chimera keys list",
      "chimera keys generate ops-publish-2 --dir ./keys",
      "chimera keys add --role publish bob:… --root-key /media/stick/root.key",
    ]),
  );
  defineFiles(command, io);
  defineAdd(command, io);
  defineRemove(command, io);
  defineRotate(command, io);
  defineRenew(command, io);
}

function defineFiles(command: Command, io: Io): void {
  command
    .command("generate")
    .description("Make a key pair: NAME.key (0600) and NAME.pub.")
    .argument("<name>", "name of the key, part of both files")
    .option("--dir <path>", "folder for the two files", ".")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera keys generate ops-publish-2"]))
    .action(async (name: string, options: unknown) => generate(io, name, options));
  command
    .command("from-ssh")
    .description(
      "Print the public key of an OpenSSH .pub file (ssh-ed25519) as key sets and agentKeys have it.",
    )
    .argument("<file>", "the .pub file")
    .requiredOption("--name <name>", "name that the key shall have")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera keys from-ssh ~/.ssh/id_ed25519.pub --name alice-publish"]))
    .action(async (file: string, options: unknown) => fromSsh(io, file, options));
  command
    .command("nats")
    .description(
      "Make this operator's own seed for NATS (nats.seed, 0600): for a panic without the controller.",
    )
    .option("--dir <path>", "folder for the file", ".")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", examples(["chimera keys nats --dir ~/.config/chimera/keys"]))
    .action(async (options: unknown) => {
      const { makeNatsSeed } = await import("./keys/nats.ts");
      await makeNatsSeed(io, options);
    });
  addFleetOptions(command.command("list"))
    .description("List the roles of the newest key set, and the key files of a folder.")
    .argument("[dir]", "only the key files of this folder")
    .addHelpText("after", examples(["chimera keys list", "chimera keys list ./keys --json"]))
    .action(async (dir: string | undefined, options: unknown) => list(io, dir, options));
}

function defineAdd(command: Command, io: Io): void {
  changing(command.command("add"))
    .description("Give a role one more key.")
    .argument("<key>", "public key, name:base64")
    .addOption(roleOption())
    .option("--threshold <n>", "how many keys of the role must sign from then on")
    .addHelpText(
      "after",
      examples([
        "chimera keys add --role publish bob:… --root-key /media/stick/root.key",
        "chimera keys add --role publish carol:… --threshold 2 --dry-run",
      ]),
    )
    .action(async (key: string, options: unknown) => change(io, { verb: "add", key }, options));
}

function defineRemove(command: Command, io: Io): void {
  changing(command.command("remove"))
    .description("Take a key away from a role.")
    .argument("<name>", "name of the key")
    .addOption(roleOption())
    .option("--threshold <n>", "how many keys of the role must sign from then on")
    .addHelpText(
      "after",
      examples(["chimera keys remove --role publish bob --root-key /media/stick/root.key"]),
    )
    .action(async (name: string, options: unknown) => change(io, { verb: "remove", name }, options));
}

function defineRotate(command: Command, io: Io): void {
  changing(command.command("rotate"))
    .description("Exchange a key of a role for another one.")
    .addOption(roleOption())
    .requiredOption("--from <name>", "name of the key that goes")
    .requiredOption("--to <key>", "public key that comes, name:base64")
    .addHelpText(
      "after",
      examples([
        "chimera keys rotate --role publish --from lab-publish --to lab-publish-2:… --root-key root.key",
        "chimera keys rotate --role root --from lab-root --to lab-root-2:… \\",
        "  --root-key old/root.key --root-key new/root-2.key",
      ]),
    )
    .action(async (options: unknown) => change(io, { verb: "rotate" }, options));
}

function defineRenew(command: Command, io: Io): void {
  changing(command.command("renew"))
    .description("Prolong the key set (by a year, where --expires-days says nothing else).")
    .option("--new-epoch", "let serials begin again: the way out after one that jumped too far")
    .addHelpText(
      "after",
      examples([
        "chimera keys renew --root-key /media/stick/root.key",
        "chimera keys renew --new-epoch --dry-run",
      ]),
    )
    .action(async (options: unknown) => change(io, { verb: "renew" } satisfies ChangeWords, options));
}

function changing(command: Command): Command {
  return addFleetOptions(command)
    .option("--root-key <file...>", "key file of root, old or new (besides rootKeyFile and ssh-agent)")
    .option("--expires-days <days>", "until when the new key set can be used")
    .option("--propose", "only propose it: whoever signs last publishes it")
    .option("--dry-run", "show the change; sign and send nothing");
}

function roleOption(): Option {
  return new Option("--role <role>", "what the key may sign").choices(keyRoles).makeOptionMandatory();
}
