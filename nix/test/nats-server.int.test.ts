/** The settings of services.nats are those that `chimera-controller nats-config` prints, for the same nodes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { ControllerConfig } from "../../controller/src/config.ts";
import { NodeFile } from "../../controller/src/files/node-file.ts";
import { renderNatsConfig } from "../../controller/src/nats-config.ts";
import { toolCommand } from "../../e2e/lab/tools/tool-command.ts";
import { generateKey } from "../../proto/src/signed/keys.ts";
import { generateNkey } from "../../proto/src/nkey.ts";
import { evaluate } from "./evaluate.ts";
import { exampleKeys } from "./example-keys.ts";

const { fleetId } = exampleKeys;

interface Others {
  /** Those of the nodes that may lead rollouts. */
  leads?: readonly string[];
  /** Nkeys. */
  operators?: readonly string[];
}

function rendered(nodes: Record<string, string>, { leads = [], operators = [] }: Others = {}): unknown {
  const config = ControllerConfig.parse({
    fleetId,
    nats: { servers: ["nats://127.0.0.1:4222"], seedFile: "/seed" },
    cacheDir: "/cache",
    tokensFile: "/tokens.json",
    nodesFile: "/nodes.json",
    trustedKeys: exampleKeys.first,
  });
  const entries = Object.entries(nodes).map(([node, nkey]) => [
    node,
    { nkey, nodeKey: generateKey(node).public, ...(leads.includes(node) && { lead: true }) },
  ]);
  const people = Object.fromEntries(operators.map((nkey, i) => [`operator-${i}`, { nkey }]));
  const file = NodeFile.parse({ v: 1, nodes: Object.fromEntries(entries), operators: people });
  const [, ...lines] = renderNatsConfig({ config, controllerNkey: "UC", ...file }).split("\n");
  // `key: JSON`, one after another: JSON but for the braces, the commas and the quotes.
  const members = lines
    .join("\n")
    .trim()
    .split(/^(?=\w+: )/m);
  return JSON.parse(`{${members.map((member) => member.replace(/^(\w+)/, '"$1"')).join(",")}}`);
}

test("the template is what the controller prints for a node, a lead and an operator (vitest -u prints it anew)", async () => {
  const nodes = { "the-node": generateNkey().publicKey, "z-lead": generateNkey().publicKey };
  const operator = generateNkey().publicKey;
  const text = JSON.stringify(rendered(nodes, { leads: ["z-lead"], operators: [operator] }), null, 2)
    .replaceAll(fleetId, "@fleet@")
    .replaceAll(operator, "@nkey@")
    .replaceAll(/the-node|z-lead/g, "@node@")
    .replaceAll(/"nkey": "[^"]*"/g, '"nkey": "@nkey@"');
  await expect(`${text}\n`).toMatchFileSnapshot("../generated/nats-server.template");
});

test("every node gets what the controller would give it, and nobody else gets anything", async () => {
  const keys = { n1: generateNkey().publicKey, n2: generateNkey().publicKey };
  const { value, error } = await evaluate("tests/pure.nix", "natsSettings");
  const text = JSON.stringify(rendered(keys, { leads: ["n2"], operators: [`U${"A".repeat(55)}`] }))
    .replace(keys.n1, "U1")
    .replace(keys.n2, "U2");
  const wanted = JSON.parse(text);
  const { server_name: _name, port: _port, ...rest } = wanted;
  const { store_dir: _dir, ...jetstream } = rest.jetstream;
  expect(value, error).toEqual({ ...rest, jetstream });
});

test("nats-server itself takes the settings", async () => {
  const { value, error } = await evaluate("tests/pure.nix", "natsSettings");
  expect(error).toBe("");
  const keys = [generateNkey(), generateNkey(), generateNkey()].map(({ publicKey }) => publicKey);
  const text = JSON.stringify(value)
    .replace(/"U[C12]"/g, () => JSON.stringify(keys.pop()))
    .replaceAll(`U${"A".repeat(55)}`, generateNkey().publicKey);
  const folder = mkdtempSync(join(tmpdir(), "chimera-nats-"));
  try {
    const file = join(folder, "nats.conf");
    writeFileSync(file, text);
    const [program = "nats-server", ...first] = toolCommand("nats-server");
    const { exitCode, all } = await execa(program, [...first, "-c", file, "-t"], {
      all: true,
      reject: false,
    });
    expect(exitCode, all).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ["natsWildcardNode", 'not a node name: "*"'],
  ["natsWildcardFleet", 'not a fleet id: ">"'],
  ["natsWildcardOperator", 'not the nkey of a user: ">"'],
])("refuses %s", async (attribute, message) => {
  const { value, error } = await evaluate("tests/pure.nix", attribute);
  expect(value).toBeUndefined();
  expect(error).toContain(message);
});
