/** Thousands of overrides at once; on a real file system, as root. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findOverrides } from "./find-overrides.ts";
import { useMachineFixture } from "./machine-fixture.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);

test("a storm of drop-ins is taken away with few reloads", async () => {
  const count = 2000;
  for (let index = 0; index < count; index += 1)
    fixture().write(`run/systemd/system/app@${index}.service.d/x.conf`, "[Unit]\n");
  const drift = fixture().start();
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({ openCount: 0, reverted: count });
  expect(readdirSync(at("run/systemd/system"))).toEqual([]);
  expect(readdirSync(at("state/evidence"))).toHaveLength(count);
  expect(fixture().counts.reloads).toBeLessThan(count / 50);
}, 60_000);

test("names of nobody's, however many there are, hide no override", async () => {
  const [few, many] = [24, 5000];
  const folder = "run/full/app.service.d";
  const overrides = Array.from({ length: few }, (_, index) => [
    `run/full/app@${index}.service`,
    `${folder}/${index}.conf`,
  ]).flat();
  const written = overrides.map((path) => fixture().write(path, "[Service]\n"));
  for (let index = 0; index < many; index += 1)
    for (const below of ["run/full", folder]) writeFileSync(join(at(below), `nobody-${index}.txt`), "");
  const declared = new Set(["app.service", "app@.service"]);
  const { list, problems } = await findOverrides([{ root: at("run/full"), declared }]);
  expect(list.map(({ path }) => path).toSorted()).toEqual(written.toSorted());
  expect(problems).toEqual([]);
}, 60_000);

test.for([
  ["read", { read: 3, kept: 10 }, ["a.txt", "b.txt", "c.txt", "d.txt"]],
  ["kept", { read: 10, kept: 1 }, ["app@1.service", "app@2.service"]],
] as const)("more names than are %s are said", async ([, limits, names]) => {
  for (const name of names) fixture().write(`run/few/${name}`, "");
  const root = { root: at("run/few"), declared: new Set(["app@.service"]) };
  const cut = await findOverrides([root], limits);
  expect(cut.problems).toEqual([`${at("run/few")} has more names than are looked at`]);
  const whole = await findOverrides([root], { read: names.length, kept: names.length });
  expect(whole.problems).toEqual([]);
});
