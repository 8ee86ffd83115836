import { expect, test } from "vitest";
import { startedBy } from "../units/pulls.ts";
import { planUnits } from "./plan-units.ts";
import { unitFolder } from "./unit-folders.ts";

const service = (line = "", unit = ""): string =>
  `[Unit]\n${unit}\n[Service]\nExecStart=/bin/a\nExecReload=/bin/b\n${line}\n`;

/** What becomes of b.service, when a.service changes so that it is stopped, restarted or reloaded. */
function told(way: string, units: { a?: string; b?: string }): string {
  const folder = (line: string) =>
    unitFolder({
      "a.service": service(`${way}\n${line}`, units.a),
      "b.service": service("", units.b),
    });
  const running = new Set(["a.service", "b.service"]);
  const { actions } = planUnits(folder("Nice=1"), folder("Nice=2"), running);
  const found = actions.find(({ unit }) => unit === "b.service");
  return found === undefined ? "nothing" : `${found.does} with ${found.because}`;
}

const [stop, restart, reload] = ["", "X-StopIfChanged=false", "X-ReloadIfChanged=true"];

test.each([
  [stop, { a: "PropagatesStopTo=b.service" }, "stop with a.service"],
  [stop, { b: "StopPropagatedFrom=a.service" }, "stop with a.service"],
  [stop, { b: "Requisite=a.service" }, "stop with a.service"],
  [stop, { a: "PropagatesReloadTo=b.service" }, "nothing"],
  [restart, { a: "PropagatesStopTo=b.service" }, "nothing"],
  [reload, { a: "PropagatesReloadTo=b.service" }, "reload with a.service"],
  [reload, { a: "PropagateReloadTo=b.service" }, "reload with a.service"],
  [reload, { b: "ReloadPropagatedFrom=a.service" }, "reload with a.service"],
  [reload, { b: "PropagateReloadFrom=a.service" }, "reload with a.service"],
  // No key of systemd's.
  [reload, { b: "PropagatesReloadFrom=a.service" }, "nothing"],
  [reload, { a: "PropagatesStopTo=b.service" }, "nothing"],
])("%j, %j: %s", (way, units, does) => {
  expect(told(way, units)).toBe(does);
});

const triggered = (trigger: string, rest: string): string => `[Unit]\nX-Reload-Triggers=/${trigger}\n${rest}`;
const noReload = "[Service]\nExecStart=/bin/a\n";

/** What becomes of all units of which one has another reload trigger. */
function reloaded(name: string, rest: string, others: Readonly<Record<string, string>> = {}): object {
  const folder = (trigger: string) => unitFolder({ [name]: triggered(trigger, rest), ...others });
  const { actions } = planUnits(folder("a"), folder("b"), new Set([name, ...Object.keys(others)]));
  return Object.fromEntries(actions.map(({ unit, does }) => [unit, does]));
}

test.each([
  ["a.service", noReload, { "a.service": "leave" }],
  ["a.service", `${noReload}ExecReload=/bin/b\nExecReload=\n`, { "a.service": "leave" }],
  ["a.service", `${noReload}ExecReload=/bin/b\n`, { "a.service": "reload" }],
  ["a.service", `${noReload}Type=notify-reload\n`, { "a.service": "reload" }],
  ["a.timer", "[Timer]\nOnBootSec=1h\n", { "a.timer": "leave" }],
  ["a.mount", "[Mount]\nWhere=/a\n", { "a.mount": "reload" }],
])("what has no way to be reloaded goes on as it is: %s, %j: %j", (name, rest, does) => {
  expect(reloaded(name, rest)).toEqual(does);
});

test("a reload goes neither from nor to a service that has no way to do it", () => {
  const to = "PropagatesReloadTo=b.service\n";
  const able = `${noReload}ExecReload=/bin/b\n`;
  expect(reloaded("a.service", `${to}${noReload}`, { "b.service": able })).toEqual({ "a.service": "leave" });
  expect(reloaded("a.service", `${to}${able}`, { "b.service": noReload })).toEqual({ "a.service": "reload" });
  const from = `[Unit]\nReloadPropagatedFrom=a.service a.timer\n`;
  expect(reloaded("a.service", able, { "b.service": `${from}${noReload}` })).toEqual({
    "a.service": "reload",
  });
  expect(reloaded("a.timer", "[Timer]\n", { "b.service": `${from}${able}` })).toEqual({
    "a.timer": "reload",
    "b.service": "reload",
  });
});

test("one that cannot be reloaded and is restarted with another one is told once", () => {
  const own = `Requires=b.service\n${noReload}`;
  const folder = (trigger: string, line: string) =>
    unitFolder({
      "a.service": triggered(trigger, own),
      "b.service": service(`X-StopIfChanged=false\n${line}`),
    });
  const running = new Set(["a.service", "b.service"]);
  const { actions } = planUnits(folder("a", "Nice=1"), folder("b", "Nice=2"), running);
  expect(actions.map(({ unit, does }) => `${unit} ${does}`)).toEqual([
    "a.service restart",
    "b.service restart",
  ]);
});

test("a service that starts on demand and cannot be reloaded goes on as it is", () => {
  const [from, to] = ["a", "b"].map((trigger) => unitFolder({ "a.service": triggered(trigger, noReload) }));
  if (from === undefined || to === undefined) throw new Error("two folders");
  expect(planUnits(from, to, null).ifRunning).toEqual([
    { unit: "a.service", does: "leave", runs: "a.service" },
  ]);
});

test("a percent sign before an i is no instance", () => {
  const folder = unitFolder({
    "t@.service": service("", "Wants=a%i.service b%%i.service c-%n d%%%i.service"),
  });
  expect(startedBy(folder, "t@x.service")).toEqual([
    "ax.service",
    "b%i.service",
    "c-t@x.service",
    "d%x.service",
  ]);
});
