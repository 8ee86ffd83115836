/** What happened, and the way back to then, through the real controller: documents that are signed, events that are told. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { FleetView, NodeView } from "@chimera/proto/api";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";
import { toplevel } from "../fixture/signed-fleet.ts";

const main = resolve(import.meta.dirname, "../../src/main.ts");
let fleet: DevFleet;
let start: string;
const patience = { timeout: 20_000, interval: 100 };
const now = () => new Date().toISOString();

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2"]);
  await fleet.connectNodes();
  start = now();
  await publish("one");
});
afterAll(() => fleet.close());

async function publish(word: string): Promise<FleetView["head"]> {
  await fleet.publish([fleet.leaf("n1", word), fleet.leaf("n2", word)]);
  return FleetView.parse((await fleet.http("GET", "/v1/fleet")).body).head;
}

async function timeline(...args: string[]): Promise<string> {
  const { code, out, err } = await fleet.chimera("timeline", "--since", start, ...args);
  expect(code, err).toBe(0);
  return out;
}

test("orders and what nodes tell of them are one list, each once, in the order of the stream", async () => {
  await fleet.chimera("hold", "n1", "--for", "2h", "--reason", "backup");
  const id = "same-event";
  const order = { epoch: 0, serial: 1, rank: 0, id: "0".repeat(64), local: null };
  const changed = { from: "staged", to: "refused", toplevel: null, order };
  const problem = { code: "space-missing", message: "\u001b[2Jno room" };
  fleet.node("n1").tell("state-changed", { ...changed, problem }, { id });
  fleet.node("n1").tell("state-changed", { ...changed, problem }, { id });
  // Two nodes are two connections: nobody else puts what they say in order.
  await vi.waitUntil(async () => (await timeline()).includes("no room"), patience);
  fleet.node("n2").tell("dreamt", { of: "sheep" });
  fleet.node("n2").tell("alarm", { code: "bug", message: "old" }, { time: "2020-01-01T00:00:00Z" });
  await vi.waitUntil(async () => (await timeline()).includes("alarm bug"), patience);
  const lines = (await timeline()).trimEnd().split("\n");
  expect(lines).toEqual([
    expect.stringMatching(
      /^20\S+ \S+ {2}\* +order +head 0\.1 deploy world \w{12} \(by anna, signed by \S+\)$/u,
    ),
    expect.stringMatching(/\* +order +hold until 20\S+ for n1: backup \(by anna@\S+, signed by \S+\)$/u),
    expect.stringMatching(/n1 +state +staged -> refused: space-missing: no room \(by order 0\.1\)$/u),
    expect.stringMatching(/n2 +other +dreamt: \{"of":"sheep"\}$/u),
    expect.stringMatching(/n2 +alarm +alarm bug: old \[2020-01-01T00:00:00Z by its own clock\]$/u),
  ]);
});

test("one node, some kinds, the newest few and a stretch of time can be asked for; JSON says what is signed", async () => {
  expect(await timeline("--node", "n2", "--kind", "state,alarm,order")).toMatch(
    /^[^\n]*head 0\.1[^\n]*\n[^\n]*alarm bug[^\n]*$/u,
  );
  const { out, err } = await fleet.chimera("timeline", "--since", start, "--limit", "1");
  expect(out).toMatch(/^[^\n]*alarm bug[^\n]*$/u);
  expect(err).toContain("4 earlier entries are left out");
  const lines = (await timeline("--json", "--kind", "order", "--kind", "other")).trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { kind: "order", signed: true, node: null, data: { kind: "head", serial: 1 } },
    { kind: "order", signed: true, data: { action: { kind: "hold" } } },
    { kind: "other", signed: false, node: "n2", data: { type: "dreamt", of: "sheep" } },
  ]);
  const before = await fleet.chimera("timeline", "--since", "2020-01-01", "--until", "2020-01-02");
  expect(before).toMatchObject({ code: 0, out: "" });
  expect(before.err).toMatch(
    /what nodes reported before 20\S+ is not kept[\s\S]*nothing of that kind happened then/u,
  );
});

test("it follows what happens, and ends when nobody reads it any more", async () => {
  const args = [main, "timeline", "--since", "now", "--follow", "--kind", "alarm,order"];
  const child = spawn(process.execPath, args, { env: { HOME: fleet.home }, cwd: fleet.home });
  let out = "";
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  await fleet.chimera("hold", "release", "n1");
  const sayMore = () => fleet.node("n2").tell("alarm", { code: "bug", message: `news ${now()}` });
  await vi.waitUntil(
    () => {
      sayMore();
      return /release for n1[\s\S]*news 20[\s\S]*news 20/u.test(out);
    },
    { timeout: 30_000, interval: 500 },
  );
  expect(out.match(/release for n1/gu)).toHaveLength(1);
  child.stdout.destroy();
  await vi.waitUntil(
    () => {
      sayMore();
      return child.exitCode !== null;
    },
    { timeout: 30_000, interval: 500 },
  );
  expect(child.exitCode).toBe(0);
}, 90_000);

test("what makes no sense is refused with what would", async () => {
  for (const [args, says] of [
    [["--since", "soon"], /"soon" is no time: give 2026-11-29T14:05/u],
    [["--since", "1h", "--until", "2h"], /--since is later than --until/u],
    [["--kind", "weather"], /"weather" is none of all, order/u],
    [["--follow", "--until", "1h"], /it has no --until/u],
    [["--node", "N!"], /--node: a node name has/u],
    [["--limit", "0"], /--limit: at least 1/u],
  ] as const) {
    const { code, err } = await fleet.chimera("timeline", ...args);
    expect({ code, err }, args.join(" ")).toEqual({ code: 64, err: expect.stringMatching(says) });
  }
});

describe("the way back to a time", () => {
  const times: Record<string, string> = {};
  beforeAll(async () => {
    times["one"] = now();
    await publish("two");
    times["two"] = now();
    const { code, err } = await fleet.chimera("panic", "--yes", "--no-follow");
    if (code !== 0) throw new Error(err);
    times["panic"] = now();
    await publish("three");
    times["three"] = now();
  });

  test.each([
    ["one", "one", /ordered by head 0\.1 \(signed 20\S+ by anna, by their own clock\)/u],
    ["two", "two", /ordered by head 0\.2/u],
    ["panic", "one", /to which the fleet went back, since the controller had stored panic 0\.2\+panic/u],
    ["three", "three", /ordered by head 0\.3/u],
  ])("at the time of %s is to world %s", async (time, word, says) => {
    const { code, out, err } = await fleet.chimera(
      "rollback",
      "--to",
      times[time] ?? "",
      "--dry-run",
      "--json",
    );
    expect(code, err).toBe(0);
    expect(err).toMatch(says);
    expect(out).toContain(toplevel(word));
  });

  test("publishes the world of then as a new head for the whole fleet", async () => {
    const back = await fleet.chimera(
      "rollback",
      "--to",
      times["two"] ?? "",
      "--no-follow",
      "--reason",
      "as it was",
    );
    expect(back.code, back.err).toBe(0);
    const { head } = FleetView.parse((await fleet.http("GET", "/v1/fleet")).body);
    const { out } = await fleet.chimera("world", "show", "2", "--json");
    expect(head?.head).toMatchObject({ serial: 4, mode: "rollback", reason: "as it was", size: 2 });
    expect(out).toContain(`"id": "${head?.head.world}"`);
    expect(await timeline("--kind", "order")).toMatch(
      /panic undoes head 0\.2, back to world [\s\S]*head 0\.3 deploy[\s\S]*head 0\.4 rollback .*: as it was \(by anna@/u,
    );
  });

  test("to before the first head, to a span and to the future is refused", async () => {
    for (const [to, code, says] of [
      ["2020-01-01", 66, /nothing is known of 2020-01-01.*begins with head 0\.1/u],
      ["2h", 64, /"2h" is a span, not a time: say "2h ago"/u],
      ["2999-01-01", 64, /in the future/u],
      ["2026-02-30", 64, /no time/u],
    ] as const) {
      const { err, ...rest } = await fleet.chimera("rollback", "--to", to, "--dry-run");
      expect({ code: rest.code, err }, to).toEqual({ code, err: expect.stringMatching(says) });
    }
  });

  test("to what nodes have quarantined since is refused before anything is signed, with the way out", async () => {
    fleet.node("n2").report({ quarantine: [toplevel("one")] });
    await vi.waitUntil(async () => {
      const { status } = NodeView.parse((await fleet.http("GET", "/v1/nodes/n2")).body);
      return status?.quarantine?.length === 1;
    }, patience);
    const to = times["one"] ?? "";
    const refused = await fleet.chimera("rollback", "--to", to, "--no-follow");
    expect(refused).toMatchObject({
      code: 65,
      err: expect.stringMatching(
        /nothing was signed: 1 of 2 nodes would refuse .*n2: \S+-one \(the node itself\).*chimera quarantine pardon \S+-one/u,
      ),
    });
    await fleet.chimera("quarantine", "add", toplevel("one"));
    expect(await fleet.chimera("rollback", "--to", to, "--dry-run")).toMatchObject({
      code: 65,
      err: expect.stringMatching(/2 of 2 nodes.*n1: \S+-one \(the fleet's list\).*quarantine remove/u),
    });
    expect(FleetView.parse((await fleet.http("GET", "/v1/fleet")).body).head?.head.serial).toBe(4);
    expect(await timeline("--kind", "order")).toMatch(
      /quarantine list 1: 1 toplevels, 0 pardoned for all nodes/u,
    );
  });
});
