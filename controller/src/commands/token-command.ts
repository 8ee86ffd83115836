/** SHELL. `chimera-controller token`: who may call the API and the cache. */
import { TokenRole } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { Command, Option } from "commander";
import { readConfig } from "../config.ts";
import { addToken, listTokens, revokeToken, type StoredToken } from "../files/token-file.ts";
import { configOption, examples } from "./config-option.ts";
import { note } from "./note.ts";
import { parseDuration } from "./duration.ts";

interface CreateOptions {
  config: string;
  role: string;
  node?: string;
  name?: string;
  expires?: string;
}

export function tokenCommand(): Command {
  return new Command("token")
    .description(
      "create, list and revoke bearer tokens; a running controller takes changes over within a second",
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

function createCommand(): Command {
  return new Command("create")
    .description("print a new token; only its SHA-256 is kept")
    .addOption(configOption())
    .addOption(new Option("--role <role>", "what it may do").choices(TokenRole.options).makeOptionMandatory())
    .option("--node <node>", "the node that a token of role node belongs to")
    .option("--name <name>", "for people: who or what uses it")
    .option("--expires <span>", "life, for example 30d or 12h (default: for ever)")
    .addHelpText(
      "after",
      examples(
        "chimera-controller token create --role operator --name alice --expires 30d",
        "chimera-controller token create --role node --node web-1",
      ),
    )
    .action(async (options: CreateOptions) => {
      const config = readConfig(options.config);
      const { token, stored } = await addToken(config.tokensFile, {
        role: TokenRole.parse(options.role),
        node: parseNode(options.node),
        name: options.name ?? options.node ?? options.role,
        lifeSeconds: parseLife(options.expires),
      });
      process.stdout.write(`${token}\n`);
      await note(config, "token-create", `${stored.id} ${stored.role} ${stored.name}`);
    });
}

function listCommand(): Command {
  return new Command("list")
    .description("list tokens, without what they are")
    .addOption(configOption())
    .option("--json", "as JSON")
    .addHelpText("after", examples("chimera-controller token list --json"))
    .action((options: { config: string; json?: true }) => {
      const tokens = listTokens(readConfig(options.config).tokensFile).map(shownPart);
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ tokens }, null, 2)}\n`);
        return;
      }
      for (const { id, role, node, name, expiresAt, revokedAt } of tokens) {
        const state = revokedAt === undefined ? `until ${expiresAt ?? "revoked"}` : `revoked ${revokedAt}`;
        process.stdout.write(`${id}  ${(node ?? role).padEnd(14)} ${name.padEnd(20)} ${state}\n`);
      }
    });
}

function shownPart({ id, name, role, node, createdAt, expiresAt, revokedAt }: StoredToken) {
  return { id, name, role, node, createdAt, expiresAt, revokedAt };
}

function revokeCommand(): Command {
  return new Command("revoke")
    .description("make a token worthless")
    .argument("<id>", "as `token list` shows it")
    .addOption(configOption())
    .addHelpText("after", examples("chimera-controller token revoke 1f2e3d4c"))
    .action(async (id: string, options: { config: string }) => {
      const config = readConfig(options.config);
      await revokeToken(config.tokensFile, id);
      await note(config, "token-revoke", id);
    });
}

function parseNode(text: string | undefined): NodeName | undefined {
  if (text === undefined) return undefined;
  const node = NodeName.safeParse(text);
  if (node.success) return node.data;
  throw new ChimeraError("usage", `--node ${text}: a node name has 1-63 of a-z, 0-9 and -`);
}

function parseLife(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const span = parseDuration(text);
  if (span === undefined)
    throw new ChimeraError("usage", `--expires ${text}: use for example 30d, 12h or 15m`);
  return span;
}
