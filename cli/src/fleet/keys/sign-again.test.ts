/** After a change of keys the operator is told what has to be signed anew, and by which command; and that command does it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { leavesOf, seedHead } from "../../../test/fixture/seed-head.ts";
import { useOperator } from "../../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const Plan = z.object({ again: z.array(z.object({ what: z.string(), how: z.string() })) });
const publish = "chimera rollback --to current";

beforeAll(async () => {
  await seedHead(operator(), ["n1"], "one");
  await seedHead(operator(), ["n1"], "two");
  const [leaf] = leavesOf(operator(), ["n1"], "bad");
  await succeed("rollback", "--no-follow");
  await succeed("quarantine", "add", leaf?.toplevel ?? "");
});

async function succeed(...args: string[]): Promise<string> {
  const { code, out, err } = await operator().call(args);
  expect({ args, code, err }).toMatchObject({ args, code: 0 });
  return out;
}

function root(): string[] {
  return ["--root-key", join(operator().folder, "root.key")];
}

async function againAfter(...change: string[]): Promise<string[]> {
  const { again } = Plan.parse(JSON.parse(await succeed("keys", ...change, "--dry-run", "--json")));
  return again.map(({ what, how }) => `${what}: ${how}`);
}

test.each<[string, RegExp[]]>([
  ["publish", [/^head 3, .*: chimera rollback --to current$/u]],
  ["panic", [/^the panic that is prepared: chimera rollback --to current$/u]],
  ["order", [/^the quarantine list, .*: chimera quarantine renew$/u]],
])("another key of %s leaves what only the old one signed", async (role, says) => {
  const to = generateKey("other").public;
  const again = await againAfter("rotate", "--role", role, "--from", `lab-${role}`, "--to", to);
  expect(again).toEqual(says.map((text) => expect.stringMatching(text)));
});

test("a key more leaves nothing, a higher threshold and a new epoch do", async () => {
  const key = generateKey("other").public;
  expect(await againAfter("add", "--role", "publish", key)).toEqual([]);
  expect(await againAfter("add", "--role", "publish", key, "--threshold", "2")).toHaveLength(1);
  expect(await againAfter("renew", "--new-epoch")).toEqual([
    expect.stringMatching(/^head 3/u),
    expect.stringMatching(/^the panic that is prepared/u),
  ]);
});

test("what it says to type signs it anew, with the new keys", async () => {
  for (const role of ["publish", "panic", "order"]) {
    const made = generateKey(`${role}-2`);
    const to = ["--from", `lab-${role}`, "--to", made.public];
    const out = await succeed("keys", "rotate", "--role", role, ...to, ...root());
    expect(out).toContain("sign them again, now");
    await writeFile(join(operator().folder, `${role}.key`), `${made.secret}\n`, { mode: 0o600 });
  }
  const world = operator().server.heads[0]?.head.world;
  expect(await againAfter("renew")).toHaveLength(3);
  await succeed(...publish.split(" ").slice(1), "--no-follow");
  await succeed("quarantine", "renew");
  expect(await againAfter("renew")).toEqual([]);
  expect(operator().server.heads[0]).toMatchObject({ signedBy: ["publish-2"], head: { serial: 4, world } });
});
