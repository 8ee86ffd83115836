/** The pure files of nix/, evaluated by real Nix; where they repeat a rule of proto, the two must agree. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { generateKey, PublicKeyText } from "../../proto/src/signed/keys.ts";
import { FleetId, NodeName } from "../../proto/src/names.ts";
import { generateNkey } from "../../proto/src/nkey.ts";
import { evaluate, repository } from "./evaluate.ts";

const pure = (attribute: string, args?: readonly string[]) => evaluate("tests/pure.nix", attribute, args);
const fleetId = "0f".repeat(32);

async function errorOf(attribute: string): Promise<string> {
  const { value, error } = await pure(attribute);
  expect(value).toBeUndefined();
  return error;
}

describe("names", () => {
  const { publicKey } = generateNkey();
  const key = generateKey("ops-publish").public;
  const nodeNames = [
    "n1",
    "a",
    "web-1",
    "0",
    "a".repeat(63),
    "a".repeat(64),
    "-a",
    "a-",
    "A",
    "a_b",
    "a.b",
    "",
  ];
  const strange = [" n1", "n1\n", "\nn1", "ü", "*", ">", "n1.x", "$KV", '"', "${n1}", ":", "a:"];
  const fleetIds = [fleetId, fleetId.toUpperCase(), fleetId.slice(1), `${fleetId}0`, "g".repeat(64)];
  const keys = [
    key,
    `${key} `,
    key.slice(0, -1),
    key.replace("ops-publish", ""),
    key.replace("ops-publish", ".x"),
  ];
  const bodies = ["A".repeat(43).concat("="), "A".repeat(42).concat("B="), "A".repeat(44), "A".repeat(40)];
  const nkeys = [
    publicKey,
    publicKey.slice(1),
    publicKey.toLowerCase(),
    `${publicKey}A`,
    generateNkey().seed,
  ];
  const texts = [nodeNames, strange, fleetIds, keys, bodies.map((body) => `k:${body}`), nkeys].flat();
  const accepted = pure("accepts", ["--arg", "texts", nixList(texts)]);

  test.each([
    ["isNodeName", (text: string) => NodeName.safeParse(text).success],
    ["isFleetId", (text: string) => FleetId.safeParse(text).success],
    ["isPublicKey", (text: string) => PublicKeyText.safeParse(text).success],
    ["isUserNkey", (text: string) => text === publicKey],
  ])("%s accepts what proto accepts, and nothing else", async (name, accepts) => {
    const { value, error } = await accepted;
    expect(value, error).toHaveProperty(name, texts.map(accepts));
    expect(texts.some(accepts)).toBe(true);
  });
});

describe("mkFleet's pure half", () => {
  test("says of each node where its system is, which tags choose it and which key speaks for it", async () => {
    const { value } = await pure("describe");
    expect(value).toEqual({
      n1: {
        installable: ".#nixosConfigurations.n1.config.system.build.toplevel",
        tags: ["canary"],
        key: expect.stringMatching(/^n1:/),
      },
      n2: { installable: ".#nixosConfigurations.n2.config.system.build.toplevel", tags: [] },
    });
  });

  test("fills in what a node leaves out", async () => {
    const { value } = await pure("checkNodes");
    expect(value).toEqual({ n1: { modules: [{}], system: "aarch64-linux", tags: [], key: null } });
  });

  test.each([
    ["badNodeName", 'node "Web_1": a node name has 1-63 of a-z, 0-9 and -'],
    ["noNode", "a fleet has at least one node"],
    ["unknownAttribute", 'node "n1": unknown attribute "tag"; known are modules tags key system'],
    ["badTag", 'node "n1": tag "two words" is not of'],
    ["tagsAsText", 'node "n1": tags is a list'],
    ["nodeAsText", 'node "n1": is described by a set, not by a string'],
    ["foreignKey", 'node "n1": key is "n1:<base64 of 32 bytes>"'],
    ["brokenKey", 'node "n1": key is "n1:<base64 of 32 bytes>"'],
    ["sameKey", "nodes n1 n2 have the same key"],
  ])("refuses %s by name", async (attribute, message) => {
    expect(await errorOf(attribute)).toContain(message);
  });
});

describe("the sentinel's files", () => {
  test.each(["tmuxConf", "agentWindowConf"])(
    "%s names absolute programs and has no placeholder left",
    async (name) => {
      const { value } = await pure(name);
      expect(value).toContain("/nix/store/t/bin/tmux -N -S /run/chimera/tmux.sock");
      expect(value).not.toMatch(/@[a-z]+@/);
    },
  );

  test("the agent's window runs the supervisor itself, with no shell in between", async () => {
    expect((await pure("agentWindowConf")).value).toContain("'exec /nix/store/s'");
  });

  test.each(["supervisor", "watchdog", "wake", "gate", "update-tmux"])(
    "%s is the lab's script with another shell, and no other change",
    async (name) => {
      const text = readFileSync(resolve(repository, `nix/sentinel/${name}.sh`), "utf8");
      expect((await pure(name)).value).toBe(text.replace("#!/bin/sh\n", "#!/nix/store/b/bin/bash\n"));
    },
  );

  test.each([
    ["placeholderLeftOver", "agent-window.conf: has placeholders [supervisor tmux], was given [tmux]"],
    ["placeholderUnused", "tmux.conf: has placeholders [tmux], was given [other tmux]"],
    ["scriptWithoutShell", "tmux.conf: does not begin with #!/bin/sh"],
  ])("refuses %s", async (attribute, message) => {
    expect(await errorOf(attribute)).toContain(message);
  });
});

test("a secret is an absolute path outside the store, written as a string", async () => {
  const inStore = "option: a secret must not live in the Nix store, which everybody can read";
  const { value, error } = await pure("secretProblems");
  expect(value, error).toEqual([
    null,
    null,
    null,
    inStore,
    inStore,
    'option: an absolute path without .. is needed, not "relative"',
    'option: an absolute path without .. is needed, not "/var/../nix/store/x"',
    'option: an absolute path without .. is needed, not ""',
    expect.stringContaining("option: write the path as a string"),
    expect.stringContaining("option: write the path as a string"),
  ]);
});

/** Nix has no argument for a list of texts; JSON's escapes are Nix's too, but for `${`. */
function nixList(texts: readonly string[]): string {
  return `[ ${texts.map((text) => JSON.stringify(text).replaceAll("${", "\\${")).join(" ")} ]`;
}
