import { expect, test } from "vitest";
import { planSwitch, type SwitchInput } from "./plan-switch.ts";
import { parseUnit } from "./unit-file.ts";

type Lists = Partial<Record<"stop" | "start" | "restart" | "reload" | "skip", string[]>>;

interface Case {
  readonly name: string;
  readonly current: string;
  readonly next: string | undefined;
  readonly active?: readonly string[];
  readonly available?: readonly string[];
}

function plan(...cases: readonly Case[]): Lists {
  const input: SwitchInput = {
    units: cases.map(({ name, current, next }) => ({
      name,
      current: parseUnit([current]),
      next: next === undefined ? undefined : parseUnit([next]),
    })),
    active: new Set(cases.flatMap((one) => [one.name, ...(one.active ?? [])])),
    available: new Set(cases.flatMap((one) => [one.name, ...(one.available ?? [])])),
  };
  const { quiet: _, ...lists } = planSwitch(input);
  return Object.fromEntries(
    Object.entries(lists).flatMap(([key, units]) => (units.size === 0 ? [] : [[key, [...units]]])),
  );
}

const before = "[Service]\nExecStart=/bin/a\n";
const after = "[Service]\nExecStart=/bin/b\n";

test("an unchanged service is left alone", () => {
  expect(plan({ name: "a.service", current: before, next: before })).toEqual({});
});

test("a changed service is stopped before activation and started after it", () => {
  expect(plan({ name: "a.service", current: before, next: after })).toEqual({
    stop: ["a.service"],
    start: ["a.service"],
  });
});

test("X-StopIfChanged=false restarts in one go", () => {
  expect(plan({ name: "a.service", current: before, next: `${after}X-StopIfChanged=false\n` })).toEqual({
    restart: ["a.service"],
  });
});

test("a changed unit that is no service restarts in one go", () => {
  expect(plan({ name: "a.timer", current: "[Timer]\nA=1\n", next: "[Timer]\nA=2\n" })).toEqual({
    restart: ["a.timer"],
  });
});

test("X-ReloadIfChanged reloads, even where restarting is forbidden", () => {
  const next = `${after}X-ReloadIfChanged=true\nX-RestartIfChanged=false\n`;
  expect(plan({ name: "a.service", current: before, next })).toEqual({ reload: ["a.service"] });
});

test.each([
  ["X-RestartIfChanged=false", `${after}X-RestartIfChanged=false\n`],
  ["RefuseManualStop", `${after}[Unit]\nRefuseManualStop=yes\n`],
  ["X-OnlyManualStart", `${after}[Unit]\nX-OnlyManualStart=yes\n`],
])("%s leaves a changed service running", (_, next) => {
  expect(plan({ name: "a.service", current: before, next })).toEqual({ skip: ["a.service"] });
});

test("X-RestartIfChanged is read from the new unit, not from the old one", () => {
  const current = `${before}X-RestartIfChanged=false\n`;
  expect(plan({ name: "a.service", current, next: after })).toEqual({
    stop: ["a.service"],
    start: ["a.service"],
  });
});

test("X-RestartIfChanged in [Unit] is not the key that counts", () => {
  expect(
    plan({ name: "a.service", current: before, next: `${after}[Unit]\nX-RestartIfChanged=false\n` }),
  ).toEqual({ stop: ["a.service"], start: ["a.service"] });
});

test("a removed unit is stopped", () => {
  expect(plan({ name: "a.service", current: before, next: undefined })).toEqual({ stop: ["a.service"] });
});

test("X-StopOnRemoval=false of the old unit keeps a removed unit running", () => {
  const current = `${before}[Unit]\nX-StopOnRemoval=false\n`;
  expect(plan({ name: "a.service", current, next: undefined })).toEqual({});
});

test("X-StopOnRemoval in [Service] does not count", () => {
  expect(plan({ name: "a.service", current: `${before}X-StopOnRemoval=false\n`, next: undefined })).toEqual({
    stop: ["a.service"],
  });
});

test.each(["sysinit.target", "basic.target", "multi-user.target", "graphical.target", "other.target"])(
  "%s is started again, changed or not",
  (name) => {
    expect(plan({ name, current: "[Unit]\nA=1\n", next: "[Unit]\nA=2\n" })).toEqual({ start: [name] });
    expect(plan({ name, current: "[Unit]\nA=1\n", next: "[Unit]\nA=1\n" })).toEqual({ start: [name] });
  },
);

test.each(["RefuseManualStart", "X-OnlyManualStart"])("a target with %s is not started", (key) => {
  expect(plan({ name: "a.target", current: "[Unit]\n", next: `[Unit]\n${key}=true\n` })).toEqual({});
});

test("X-StopOnReconfiguration stops a target first", () => {
  const next = "[Unit]\nX-StopOnReconfiguration=true\n";
  expect(plan({ name: "a.target", current: next, next })).toEqual({
    stop: ["a.target"],
    start: ["a.target"],
  });
});

test("a socket that only the new system has will start the service", () => {
  expect(plan({ name: "a.service", current: before, next: after, available: ["a.socket"] })).toEqual({
    stop: ["a.service"],
  });
});

test("targets of sleep are not started again", () => {
  expect(plan({ name: "suspend.target", current: "[Unit]\n", next: "[Unit]\n" })).toEqual({});
});

test("slices, paths and sockets are not touched for a change of their own", () => {
  expect(plan({ name: "a.path", current: "[Path]\nA=1\n", next: "[Path]\nA=2\n" })).toEqual({});
  expect(plan({ name: "a.slice", current: "[Slice]\nA=1\n", next: "[Slice]\nA=2\n" })).toEqual({});
  expect(plan({ name: "a.socket", current: "[Socket]\nA=1\n", next: "[Socket]\nA=2\n" })).toEqual({});
});

test("mounts restart, the root and the store only reload", () => {
  const change = { current: "[Mount]\nWhat=a\n", next: "[Mount]\nWhat=b\n" };
  expect(plan({ name: "data.mount", ...change })).toEqual({ restart: ["data.mount"] });
  expect(plan({ name: "-.mount", ...change }, { name: "nix.mount", ...change })).toEqual({
    reload: ["-.mount", "nix.mount"],
  });
});

test("other mount options reload the mount", () => {
  expect(
    plan({ name: "data.mount", current: "[Mount]\nOptions=ro\n", next: "[Mount]\nOptions=rw\n" }),
  ).toEqual({ reload: ["data.mount"] });
});

test("a socket-activated service stops with its socket, and only the socket starts", () => {
  expect(
    plan({
      name: "a.service",
      current: before,
      next: after,
      active: ["a.socket"],
      available: ["a.socket"],
    }),
  ).toEqual({ stop: ["a.service", "a.socket"], start: ["a.socket"] });
});

test("the sockets that Sockets= names count instead of the one of the same name", () => {
  const next = `${after}Sockets=x.socket y.socket\n`;
  const active = ["a.socket", "y.socket"];
  expect(plan({ name: "a.service", current: before, next, active, available: active })).toEqual({
    stop: ["a.service", "y.socket"],
    start: ["y.socket"],
  });
});

test("a socket that the new system lacks is stopped, and the service starts itself", () => {
  expect(plan({ name: "a.service", current: before, next: after, active: ["a.socket"] })).toEqual({
    stop: ["a.service", "a.socket"],
    start: ["a.service"],
  });
});

test("X-NotSocketActivated: the sockets are started anew, and so is the service", () => {
  const next = `${after}X-NotSocketActivated=true\n`;
  const sockets = ["a.socket"];
  expect(plan({ name: "a.service", current: before, next, active: sockets, available: sockets })).toEqual({
    stop: ["a.service", "a.socket"],
    start: ["a.socket", "a.service"],
  });
});

test("a reload asked for by triggers only reloads", () => {
  expect(
    plan({
      name: "a.service",
      current: `[Unit]\nX-Reload-Triggers=1\n${before}`,
      next: `[Unit]\nX-Reload-Triggers=2\n${before}`,
    }),
  ).toEqual({ reload: ["a.service"] });
});

test("what is stopped is not reloaded as well", () => {
  const reloads = { current: "[Unit]\nX-Reload-Triggers=1\n", next: "[Unit]\nX-Reload-Triggers=2\n" };
  expect(
    plan(
      { name: "a.socket", ...reloads },
      { name: "a.service", current: before, next: after, available: ["a.socket"] },
    ),
  ).toEqual({ stop: ["a.service", "a.socket"], start: ["a.socket"] });
});
