import { expect, test } from "vitest";
import { planUnits } from "./plan-units.ts";
import { unitFolder } from "./unit-folders.ts";

const boot = { "default.target": "-> multi-user.target", "multi-user.target": "[Unit]\n" };
const service = (line = "", unit = ""): string => `[Unit]\n${unit}\n[Service]\nExecStart=/bin/a\n${line}\n`;
const changed = "Environment=A=2";

/** Names of units of a layer. */
const layer = (i: number): string[] => [0, 1].map((j) => `l${i}-${j}.service`);

type Files = Readonly<Record<string, string>>;

/** What is said of each unit; the units are wanted by multi-user.target in both systems where they are there. */
function plan(from: Files, to: Files, options: { wanted?: boolean } = {}): Record<string, string> {
  const folder = (files: Files) => {
    const names = Object.keys(files).filter((name) => !name.includes("/") && !name.includes("@."));
    const links = names.map((name) => [`multi-user.target.wants/${name}`, ""]);
    return unitFolder({ ...boot, ...files, ...(options.wanted === false ? {} : Object.fromEntries(links)) });
  };
  const { actions, ifRunning } = planUnits(folder(from), folder(to), null);
  return Object.fromEntries([
    ...actions.map(({ unit, does, because }) => [unit, because === null ? does : `${does} with ${because}`]),
    ...ifRunning.map(({ unit, does, runs }) => [unit, `${does} if ${runs}`]),
  ]);
}

test.each([
  ["stop-and-start", service(changed)],
  ["restart", service(`${changed}\nX-StopIfChanged=false`)],
  ["reload", service(`${changed}\nExecReload=/bin/b\nX-ReloadIfChanged=true\nX-RestartIfChanged=false`)],
  ["leave", service(`${changed}\nX-RestartIfChanged=false`)],
  ["leave", service(changed, "RefuseManualStop=true")],
  ["leave", service(changed, "X-OnlyManualStart=true")],
])("a changed service: %s (%#)", (does, next) => {
  expect(plan({ "a.service": service() }, { "a.service": next })).toEqual({ "a.service": does });
});

test("an unchanged one is not told", () => {
  expect(plan({ "a.service": service() }, { "a.service": service() })).toEqual({});
});

test.each(["a.path", "a.slice", "a.socket"])("%s takes its change without a restart", (name) => {
  expect(plan({ [name]: "[A]\nx=1\n" }, { [name]: "[A]\nx=2\n" })).toEqual({});
});

test("a timer is restarted, a mount too, and / only reloaded", () => {
  const from = { "a.timer": "[Timer]\nx=1\n", "data.mount": "[Mount]\nx=1\n", "-.mount": "[Mount]\nx=1\n" };
  const to = { "a.timer": "[Timer]\nx=2\n", "data.mount": "[Mount]\nx=2\n", "-.mount": "[Mount]\nx=2\n" };
  expect(plan(from, to)).toEqual({ "a.timer": "restart", "data.mount": "restart", "-.mount": "reload" });
});

test("what goes or is masked is stopped, unless its old file says no, or nobody may stop it", () => {
  const from = {
    "gone.service": service(),
    "masked.service": service(),
    "kept.service": service("", "X-StopOnRemoval=false"),
    "stubborn.service": service("", "RefuseManualStop=yes"),
  };
  expect(plan(from, { "masked.service": "masked" })).toEqual({
    "gone.service": "stop",
    "masked.service": "stop",
  });
});

test("what comes starts; what only the new system wants starts; what nothing wants any more goes on", () => {
  expect(plan({ "b.service": "masked" }, { "a.service": service(), "b.service": service() })).toEqual({
    "a.service": "start",
    "b.service": "start",
  });
  expect(plan({ "a.service": service() }, { "a.service": service() }, { wanted: false })).toEqual({});
});

test("a unit that is masked and runs all the same is stopped when its mask goes, or started anew from its file", () => {
  expect(plan({ "a.service": "masked" }, {})).toEqual({ "a.service": "stop if a.service" });
  const [from, to] = [unitFolder({ "a.service": "masked" }), unitFolder({ "a.service": service() })];
  expect(planUnits(from, to, new Set(["a.service"])).actions).toMatchObject([{ does: "stop-and-start" }]);
  expect(planUnits(from, from, new Set(["a.service"])).actions).toMatchObject([{ does: "stop" }]);
});

test("a program that ends is run again at every switch, and a new one is told as such", () => {
  const oneshot = service("Type=oneshot");
  expect(plan({ "a.service": oneshot }, { "a.service": oneshot, "b.service": oneshot })).toEqual({
    "a.service": "run-again",
    "b.service": "run",
  });
});

test("what a switch does once more for sysinit-reactivation.target is no news", () => {
  const again = service("Type=oneshot\nRemainAfterExit=yes");
  const files = {
    "sysinit-reactivation.target": "[Unit]\n",
    "sysinit-reactivation.target.requires/a.service": "",
    "a.service": again,
  };
  expect(plan(files, files, { wanted: false })).toEqual({ "a.service": "run-again" });
});

test("whoever requires, binds to or is part of a unit goes down with it and comes up again", () => {
  const others = {
    "b.service": service("", "Requires=a.service"),
    "c.service": service("", "BindsTo=b.service"),
    "d.service": service("", "PartOf=a.service"),
    "e.service": service("", "Wants=a.service"),
  };
  expect(plan({ "a.service": service(), ...others }, { "a.service": service(changed), ...others })).toEqual({
    "a.service": "stop-and-start",
    "b.service": "stop-and-start with a.service",
    "c.service": "stop-and-start with b.service",
    "d.service": "stop-and-start with a.service",
  });
});

test("whoever requires what is gone stays down", () => {
  const others = {
    "b.service": service("", "Requires=a.service"),
    "c.service": service("", "PartOf=a.service"),
  };
  expect(plan({ "a.service": service(), ...others }, others)).toEqual({
    "a.service": "stop",
    "b.service": "stop with a.service",
    "c.service": "stop-and-start with a.service",
  });
});

test("a socket takes the service's place, on demand too; X-NotSocketActivated starts both", () => {
  const socket = {
    "a.socket": "[Socket]\n",
    "sockets.target": "[Unit]\n",
    "sockets.target.wants/a.socket": "",
  };
  const demanded = (line: string) =>
    plan({ ...socket, "a.service": service() }, { ...socket, "a.service": service(line) }, { wanted: false });
  expect(demanded(changed)).toEqual({
    "a.service": "stop if a.service",
    "a.socket": "stop-and-start if a.service",
  });
  expect(demanded(`${changed}\nX-NotSocketActivated=true`)).toEqual({
    "a.service": "stop-and-start if a.service",
    "a.socket": "stop-and-start if a.service",
  });
});

test("a socket that comes does not start beside its service, unless that goes down for it", () => {
  const socket = { "a.socket": "[Socket]\n" };
  const stays = service(`${changed}\nX-RestartIfChanged=false`);
  expect(plan({ "a.service": service() }, { ...socket, "a.service": stays })).toEqual({
    "a.service": "leave",
  });
  expect(plan({ "a.service": service() }, { ...socket, "a.service": service(changed) })).toEqual({
    "a.service": "stop-and-start",
    "a.socket": "start",
  });
});

test("an instance follows its template; one that drop-ins define goes with them", () => {
  const wants = { "multi-user.target.wants/a@x.service": "" };
  expect(plan({ "a@.service": service(), ...wants }, { "a@.service": service(changed), ...wants })).toEqual({
    "a@x.service": "stop-and-start",
    "a@*.service": "stop-and-start if a@*.service",
  });
  const own = { "a@.service": service(), ...wants, "a@x.service.d/o.conf": "[Service]\nNice=1\n" };
  const masked = { "a@.service": service(), "a@x.service.d/o.conf": "masked" };
  expect(plan(own, masked)).toEqual({ "a@x.service": "stop" });
  // Its template can still start it where somebody wants it.
  expect(plan(own, { ...masked, ...wants })).toEqual({ "a@x.service": "stop-and-start" });
});

test("an instance that had a file of its own is gone when only the template is left", () => {
  const wants = { "multi-user.target.wants/a@x.service": "" };
  const from = { "a@.service": service(), "a@x.service": service(), ...wants };
  expect(plan(from, { "a@.service": service() })).toEqual({ "a@x.service": "stop" });
});

test("X-StopOnReconfiguration takes along who is part of the target", () => {
  const files = {
    "a.target": "[Unit]\nX-StopOnReconfiguration=true\n",
    "a.service": service("", "PartOf=a.target"),
  };
  expect(plan(files, files)).toEqual({
    "a.target": "stop-and-start",
    "a.service": "stop-and-start with a.target",
  });
});

test.each([
  ["", ["new.service"]],
  ["RefuseManualStart=true", []],
  ["X-OnlyManualStart=true", []],
])("a target with %j starts of what it newly wants: %j", (key, started) => {
  const from = { ...boot, "a.target": "[Unit]\n", "multi-user.target.wants/a.target": "" };
  const more = { "a.target": `[Unit]\n${key}\n`, "a.target.wants/new.service": "", "new.service": service() };
  const { actions } = planUnits(unitFolder(from), unitFolder({ ...from, ...more }), null);
  expect(actions.map(({ unit }) => unit)).toEqual(started);
});

test("a unit by another name is one unit", () => {
  const alias = { "b.service": "-> a.service" };
  expect(plan({ "a.service": service(), ...alias }, { "a.service": service(changed), ...alias })).toEqual({
    "a.service": "stop-and-start",
  });
});

test("aliases and requirements in a circle end", () => {
  const circle = {
    "a.service": "-> b.service",
    "b.service": "-> a.service",
    "c.service": service("", "Requires=d.service"),
    "d.service": service("", "Requires=c.service"),
  };
  expect(plan(circle, { ...circle, "c.service": service(changed, "Requires=d.service") })).toEqual({
    "c.service": "stop-and-start",
    "d.service": "stop-and-start with c.service",
  });
});

test("a thousand units that require each other in layers are judged once each", () => {
  const units = Array.from({ length: 500 }, (_, i) =>
    layer(i).map((name) => [name, service("", `Requires=${layer(i + 1).join(" ")}`)] as const),
  ).flat();
  expect(Object.keys(plan({}, Object.fromEntries(units)))).toHaveLength(1000);
});

test("what cannot be read is told where it changed, and guessed at nowhere", () => {
  const [good, bad] = [service(), "unreadable b"].map((text) =>
    unitFolder({ ...boot, "a.service": text, "multi-user.target.wants/a.service": "" }),
  );
  if (good === undefined || bad === undefined) throw new Error("two folders");
  expect(planUnits(good, bad, null)).toEqual({
    actions: [],
    ifRunning: [],
    unreadable: [{ unit: "a.service", why: "unreadable b" }],
  });
  expect(planUnits(bad, bad, null).unreadable).toEqual([]);
});

test("units that run by the node's own word are taken instead of those that a boot starts", () => {
  const [from, to] = [unitFolder({ "a.service": service() }), unitFolder({ "a.service": service(changed) })];
  const running = new Set(["a.service", "not-ours.service"]);
  expect(planUnits(from, to, running)).toMatchObject({
    actions: [{ unit: "a.service", does: "stop-and-start" }],
    ifRunning: [],
  });
  expect(planUnits(from, to, new Set()).actions).toEqual([]);
});
