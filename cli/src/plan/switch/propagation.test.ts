import { expect, test } from "vitest";
import { startedBy } from "../units/pulls.ts";
import { planUnits } from "./plan-units.ts";
import { unitFolder } from "./unit-folders.ts";

const service = (line = "", unit = ""): string => `[Unit]\n${unit}\n[Service]\nExecStart=/bin/a\n${line}\n`;

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
