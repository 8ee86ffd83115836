/** A foreign system as events and in the summary: by what the loop sees, before it acts. */
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { expect, test } from "vitest";
import type { SystemPointers } from "../../reconcile/decision.ts";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import { a, b, c, headId } from "../../reconcile/model/machine-model.ts";
import { at } from "../../reconcile/model/play-machine.ts";
import { createForeignTeller } from "./foreign-teller.ts";

const paths = { current: "/run/current-system", profile: "/profile", bootDefault: "/boot/default" };
const ours: SystemPointers = { current: b, booted: a, profile: b, bootDefault: b };
const rest = at("committed", { lastCommitted: b });
const repaired = (foreign: number) => ({ ...rest, attempts: { ...rest.attempts, foreign } });

const isIgnored = ({ path }: { path: string }) => path === "/ignored";

function begin(mode: DriftMode = "revert") {
  const events: NodeEventBody[] = [];
  const log = createLog({ fields: {}, write: () => {} });
  const teller = createForeignTeller({
    mode,
    isIgnored,
    paths: () => paths,
    onEvent: (e) => events.push(e),
    log,
  });
  const told = () =>
    events.flatMap((event) => {
      if (event.type === "drift-found")
        return [`found ${event.data.path} ${event.data.found.target?.slice(-1)}`];
      return event.type === "drift-reverted" ? [`reverted ${event.data.item.path}`] : [event.type];
    });
  return { teller, told };
}

test("each pointer that names another system is told once, and told as put back when the loop has done it", () => {
  const { teller, told } = begin();
  teller.noteSystem(rest, ours);
  const foreign = { ...ours, current: c, profile: c, bootDefault: c };
  teller.noteSystem(rest, foreign);
  teller.noteSystem(rest, foreign);
  expect(told()).toEqual(["found /run/current-system c", "found /profile c", "found /boot/default c"]);
  expect(teller.summary()).toMatchObject({ openCount: 3, managed: 3 });
  expect(teller.summary().open[0]).toMatchObject({
    kind: "foreign-system",
    expected: { type: "symlink", target: b },
    found: { type: "symlink", target: c },
  });
  // Under way nothing is judged.
  teller.noteSystem({ ...repaired(1), step: "staged" }, foreign);
  teller.noteSystem({ ...repaired(1), step: "activating" }, { ...ours, profile: c });
  expect(teller.summary().openCount).toBe(3);
  teller.noteSystem(repaired(1), ours);
  expect(told().slice(3)).toEqual([
    "reverted /run/current-system",
    "reverted /profile",
    "reverted /boot/default",
  ]);
  expect(teller.summary()).toMatchObject({ openCount: 0, reverted: 3 });
});

test("what somebody else put back is over, and nobody boasts of it", () => {
  const { teller, told } = begin();
  teller.noteSystem(rest, { ...ours, profile: c });
  teller.noteSystem(rest, ours);
  expect(told()).toEqual(["found /profile c"]);
  expect(teller.summary()).toMatchObject({ openCount: 0, reverted: 0 });
});

test("a newer order that replaces it is no repair either", () => {
  const { teller, told } = begin();
  teller.noteSystem(rest, { ...ours, current: c });
  const newer = { ...repaired(3), toplevel: c, lastCommitted: c, order: { ...rest.order, id: headId("f") } };
  teller.noteSystem(newer, { ...ours, current: c, profile: c, bootDefault: c });
  expect(told()).toEqual(["found /run/current-system c"]);
  expect(teller.summary().openCount).toBe(0);
});

test("while a change of ours is under way the pointers may name either system", () => {
  const { teller, told } = begin();
  const mixed = { ...ours, current: c, profile: a };
  for (const step of ["arming", "activating", "probation", "committing", "reverting", "rebooting"] as const)
    teller.noteSystem(at(step, { lastCommitted: a }), mixed);
  teller.noteSystem(null, mixed);
  expect(told()).toEqual([]);
});

test("a node that waits with a newer order, or went back, still tells who runs instead of its system", () => {
  const { teller, told } = begin();
  teller.noteSystem(at("accepted", { lastCommitted: a }), { ...ours, current: c });
  expect(told()).toEqual(["found /run/current-system c"]);
  const back = begin();
  back.teller.noteSystem(at("reverted", { lastCommitted: a }), { ...ours, current: c, profile: c });
  expect(back.told()).toEqual(["found /run/current-system c"]);
});

test("a pointer that cannot be read is no foreign one", () => {
  const { teller, told } = begin();
  teller.noteSystem(rest, { current: null, booted: null, profile: null, bootDefault: null });
  expect(told()).toEqual([]);
});

test("who ignores pointers hears nothing; who only reports hears of them", () => {
  const deaf = begin("ignore");
  deaf.teller.noteSystem(rest, { ...ours, profile: c });
  expect(deaf.told()).toEqual([]);
  const { teller, told } = begin("report");
  teller.noteSystem(rest, { ...ours, profile: c });
  expect(told()).toEqual(["found /profile c"]);
});

test("one that was booted is told once, with that as the reason", () => {
  const { teller, told } = begin();
  const foreign = { ...ours, current: a, booted: a };
  const judged = { ...rest, foreign: { booted: a, seen: null } };
  teller.noteSystem(judged, foreign);
  teller.noteSystem(judged, foreign);
  expect(told()).toEqual(["found /run/current-system a"]);
  expect(teller.summary().open).toMatchObject([
    {
      kind: "foreign-system",
      found: { target: a, detail: expect.stringMatching(/^it was booted so/u) },
      why: expect.stringContaining("chimera local release"),
    },
  ]);
  // Of what somebody activates over it the boot is no reason.
  teller.noteSystem(judged, { ...foreign, current: c });
  expect(teller.summary().open[0]?.found).toEqual({ type: "symlink", target: c });
  // Also while an order waits for a restart.
  const waiting = begin();
  const staged = at("staged-for-reboot", {
    lastCommitted: b,
    toplevel: c,
    foreign: { booted: a, seen: null },
  });
  waiting.teller.noteSystem(staged, foreign);
  expect(waiting.told()).toEqual(["found /run/current-system a"]);
});
