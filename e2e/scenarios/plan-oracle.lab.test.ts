// `chimera plan` against what the switch then does, over generated changes of units: unit by unit, by systemd's own word.
// With CHIMERA_STC_NG=<path> and CHIMERA_STC_NG_VERSION=<which> the same steps are gone with nixpkgs' own
// switch-to-configuration-ng too. Each run is a line of e2e/ledger/plan-oracle.jsonl.
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOracleHost, type Foreseen, type OracleHost } from "../fixtures/plan-oracle.ts";
import { deedFor, foreseenFor, listed, outcomeOf, type Seen } from "../fixtures/unit-changes/judge-switch.ts";
import { makeSteps } from "../fixtures/unit-changes/make-changes.ts";
import type { UnitChange } from "../fixtures/unit-changes/unit-change.ts";
import type { OracleRun } from "../fixtures/oracle-run.ts";
import { commitNow } from "../soak/commit-now.ts";
import { appendLine, oracleLedger } from "../soak/ledger/ledger-file.ts";

const seed = Number(process.env["CHIMERA_ORACLE_SEED"] ?? 5);
const steps = makeSteps({ seed, steps: 12, perStep: 21 });
const stcNg = process.env["CHIMERA_STC_NG"];
const stcNgVersion = process.env["CHIMERA_STC_NG_VERSION"];

let on: OracleHost;

beforeAll(async () => {
  on = await startOracleHost(steps);
});
afterAll(() => on?.end());

/** Ends with the output of one switch to a system. */
type Switch = (toplevel: string) => Promise<string[]>;

const ofTheLab: Switch = async (toplevel) => {
  const { code, stdout, stderr } = await on.host.run([`${toplevel}/bin/switch-to-configuration`, "test"]);
  // 4: a unit that refuses to be stopped by hand was to be stopped.
  if (code !== 0 && code !== 4) throw new Error(`the switch ended with ${code}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`.split("\n");
};

const ofNixpkgs: Switch = async (toplevel) => {
  const env = {
    OUT: toplevel,
    TOPLEVEL: toplevel,
    DISTRO_ID: "chimera-lab",
    PRE_SWITCH_CHECK: `${toplevel}/pre-switch-checks`,
    INSTALL_BOOTLOADER: `${toplevel}/install-bootloader`,
    LOCALE_ARCHIVE: "",
    SYSTEMD: `${toplevel}/systemd`,
  };
  const { code, stdout, stderr } = await on.host.run(["/run/stc-ng", "test"], { env, timeoutMs: 120_000 });
  if (code !== 0 && code !== 4) throw new Error(`the switch ended with ${code}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`.split("\n");
};

interface Difference {
  step: number;
  unit: string;
  what: string;
  foreseen: string;
  done: string;
}

async function goThrough(switchTo: Switch): Promise<{ judged: number; differences: Difference[] }> {
  const differences: Difference[] = [];
  let judged = 0;
  for (const [step, changes] of steps.entries()) {
    const [from = "", to = ""] = [on.systems[step], on.systems[step + 1]];
    const byHand = changes.flatMap((change) => change.byHand);
    if (byHand.length > 0) await on.host.run(["systemctl", "start", ...byHand]);
    const foreseen = await on.foresee(from, to);
    expect(foreseen.unreadable).toEqual([]);
    const units = unitsOf(changes, steps[step - 1] ?? [], steps[step + 1] ?? []);
    const before = await on.look(units);
    await on.reloads();
    const lines = await switchTo(to);
    const seen = { before, after: await on.look(units), reloads: await on.reloads() };
    judged += changes.length;
    differences.push(...differencesOf({ step, changes, foreseen, seen, lines }));
  }
  return { judged, differences };
}

/** Also those that this step only takes away or brings for the next one. */
function unitsOf(...near: readonly (readonly UnitChange[])[]): string[] {
  const names = near
    .flat()
    .flatMap(({ before, after, byHand }) => [...Object.keys(before), ...Object.keys(after), ...byHand]);
  return [...new Set(names)].filter((name) => !name.includes("@."));
}

interface Step {
  step: number;
  changes: readonly UnitChange[];
  foreseen: Foreseen;
  seen: Seen;
  lines: readonly string[];
}

/** Also a run with differences is kept. */
async function keep(
  tried: Pick<OracleRun, "switch" | "version" | "sha256">,
  { judged, differences }: { judged: number; differences: readonly Difference[] },
): Promise<void> {
  const at = new Date().toISOString();
  const commit = await commitNow();
  const counts = { seed, steps: steps.length, judged, differences: differences.length };
  const run: OracleRun = { oracle: "plan", at, commit, ...tried, ...counts };
  await appendLine(oracleLedger, run);
}

async function sha256On(path: string): Promise<string> {
  const [sum = ""] = (await on.host.runChecked(["sha256sum", path])).split(" ");
  return sum;
}

/** The program that the system's own script starts. */
async function labProgram(): Promise<string> {
  const script = await on.host.runChecked(["cat", `${on.systems[0]}/bin/switch-to-configuration`]);
  const path = /\/nix\/store\/[^\s"']*switch-to-configuration\.mjs/u.exec(script)?.[0];
  if (path === undefined) throw new Error(`no program in ${script}`);
  return path;
}

/** What an earlier step left down is not what a boot starts, and that is what a plan goes by. */
function isLeftDown(
  { unit, foreseen, done }: Said,
  { changes, seen }: Pick<Step, "changes" | "seen">,
): boolean {
  const isOfStep = changes.some(
    ({ before, after, byHand }) => unit in before || unit in after || byHand.includes(unit),
  );
  const isMissed = foreseen === "started" || foreseen === "ran";
  return !isOfStep && !isMissed && done === "untouched" && seen.before.get(unit)?.active !== "active";
}

interface Said {
  unit: string;
  foreseen: string;
  done: string;
}

function differencesOf({ step, changes, foreseen, seen, lines }: Step): Difference[] {
  const what = (unit: string): string =>
    changes.find(({ before, after, byHand }) => unit in before || unit in after || byHand.includes(unit))
      ?.what ?? "comes or goes";
  const outcomes: Said[] = [...seen.before.keys()].map((unit) => ({
    unit,
    foreseen: foreseenFor(unit, foreseen, seen),
    done: outcomeOf(unit, seen),
  }));
  const ways: Said[] = [
    ...listed(lines, "restarting").map((unit) => ({ unit, done: "restart" })),
    ...listed(lines, "NOT restarting").map((unit) => ({ unit, done: "leave" })),
  ].map(({ unit, done }) => ({
    unit,
    done,
    foreseen: deedFor(unit, foreseen, seen.before) ?? "nothing",
  }));
  return [...outcomes, ...ways]
    .filter((said) => said.foreseen !== said.done && !isLeftDown(said, { changes, seen }))
    .map(({ unit, foreseen: said, done }) => ({ step, unit, what: what(unit), foreseen: said, done }));
}

test("what is foreseen is what the lab's switch then does", async () => {
  const { judged, differences } = await goThrough(ofTheLab);
  const tried = {
    switch: "lab",
    version: await commitNow(),
    sha256: await sha256On(await labProgram()),
  } as const;
  await keep(tried, { judged, differences });
  expect(differences).toEqual([]);
  expect(judged).toBeGreaterThanOrEqual(200);
});

test.skipIf(stcNg === undefined)(
  "what is foreseen is what nixpkgs' switch-to-configuration-ng then does",
  async () => {
    await on.reboot();
    await on.host.upload(stcNg ?? "", "/run/stc-ng");
    if (stcNgVersion === undefined) throw new Error("say which it is: CHIMERA_STC_NG_VERSION");
    const { judged, differences } = await goThrough(ofNixpkgs);
    const sha256 = await sha256On("/run/stc-ng");
    const tried = { switch: "switch-to-configuration-ng", version: stcNgVersion, sha256 } as const;
    await keep(tried, { judged, differences });
    expect(differences).toEqual([]);
    expect(judged).toBeGreaterThanOrEqual(200);
  },
);
