/** The options that say how a fleet moves to a head, from what is typed to what is signed. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOperator, type TestOperator } from "../test/fixture/operator.ts";
import { seedHead } from "../test/fixture/seed-head.ts";

let operator: TestOperator;

beforeAll(async () => {
  operator = await createOperator();
  await seedHead(operator, ["n1"], "one");
  await seedHead(operator, ["n1"], "two");
});
beforeEach(async () => toml(""));
afterAll(async () => operator.close());

const toml = (text: string) => writeFile(join(operator.home, "chimera.toml"), text);
const back = (...words: string[]) => operator.call(["rollback", "--to", "1", ...words]);

test("every option is signed under its name in the head", async () => {
  const words =
    "--reboot window --reboot-window 02:00-04:00 --accept-unprotected --panic-reboot now --after-commit revert-node";
  const times = "--probation 90 --activation-timeout 900 --no-follow";
  const { code } = await back(...words.split(" "), ...times.split(" "));
  expect(code).toBe(0);
  expect(operator.server.heads[0]?.head.policy).toEqual({
    reboot: "window",
    rebootWindow: { from: "02:00", to: "04:00" },
    acceptUnprotected: true,
    panicReboot: "now",
    afterCommit: "revert-node",
    probationSeconds: 90,
    activationSeconds: 900,
  });
});

test("chimera.toml's policy is the default, also of a rollback; what is typed counts more", async () => {
  await toml('[policy]\nreboot = "never"\nprobationSeconds = 60\nacceptUnprotected = true\n');
  await back("--probation", "5", "--no-accept-unprotected", "--no-follow");
  expect(operator.server.heads[0]?.head.policy).toEqual({
    reboot: "never",
    probationSeconds: 5,
    acceptUnprotected: false,
  });
});

test("a dry run shows it, and sends nothing", async () => {
  await toml('[[policy.checks]]\nkind = "unit"\nname = "web"\nunit = "web.service"\n');
  const before = operator.server.heads.length;
  const { out } = await back("--reboot", "when-needed", "--probation", "90", "--dry-run");
  expect(out).toMatch(/^policy: reboot when-needed; probation 90 s; checks web\nnothing was sent/mu);
  const asJson = JSON.parse((await back("--after-commit", "alarm", "--dry-run", "--json")).out);
  expect(asJson).toMatchObject({ policy: { afterCommit: "alarm", checks: [{ name: "web", passes: 2 }] } });
  expect((await back("--dry-run", "--file", await emptyFile())).out).not.toMatch(/policy/u);
  expect(operator.server.heads.length).toBe(before);
});

async function emptyFile(): Promise<string> {
  const file = join(operator.home, "empty.toml");
  await writeFile(file, "");
  return file;
}

test.each<[string[], RegExp]>([
  [["--reboot", "sometimes"], /^chimera: --reboot: .*when-needed/u],
  [
    ["--reboot", "window", "--reboot-window", "2-4"],
    /--reboot-window: a window of a day in UTC like 02:00-04:00/u,
  ],
  [
    ["--reboot", "never", "--reboot-window", "02:00-04:00"],
    /--reboot-window says nothing with --reboot never/u,
  ],
  [["--panic-reboot", "later"], /--panic-reboot: .*now/u],
  [["--after-commit", "cry"], /--after-commit: .*hold-fleet/u],
  [["--probation", "4000"], /--probation: at most 3600/u],
  [["--probation", ""], /--probation: a number of whole seconds/u],
  [["--probation", "-1"], /--probation/u],
  [["--probation", "1.5"], /--probation: a number of whole seconds/u],
  [["--activation-timeout", "9"], /--activation-timeout: at least 10/u],
])("%j is refused by its name, and nothing is sent", async (words, message) => {
  const before = operator.server.heads.length;
  expect(await back(...words)).toMatchObject({ code: 64, err: expect.stringMatching(message) });
  expect(operator.server.heads.length).toBe(before);
});

test.each([
  ['[policy]\nrebot = "never"\n', /chimera\.toml: policy: .*"rebot"/u],
  ['[[policy.checks]]\nkind = "unit"\nname = "web"\nunti = "web.service"\n', /policy\.checks\.0.*unit/u],
  ['[policy]\nrebootWindow = "nights"\n', /policy\.rebootWindow: a window/u],
])("what is wrong in chimera.toml is named by file and key", async (text, message) => {
  await toml(text);
  expect(await back()).toMatchObject({ code: 78, err: expect.stringMatching(message) });
});
