/** Mounts over /etc that are somebody's right: real mounts and mount namespaces, as root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bootId, uptimeMs } from "../boot-clock.ts";
import { processStart } from "../process-start.ts";
import { useEtcFixture } from "./etc-fixture.ts";

const { fixture, at, types, revertedKinds } = useEtcFixture();
const mount = (...args: string[]): unknown => execFileSync("mount", args);
const mountsAt = (path: string): number =>
  readFileSync("/proc/self/mountinfo", "utf8").split(` ${at(path)} `).length - 1;
const record = (): string => join(fixture().stateDir, "boot-mounts.json");

function bindFolder(path: string): string {
  const other = join(fixture().root, `other-${path}`);
  mkdirSync(other);
  mount("--bind", other, at(path));
  return other;
}

/** As if the machine had been booted since. */
function forgetBoot(): void {
  const text = readFileSync(record(), "utf8");
  writeFileSync(record(), text.replace(/"boot":"[^"]+"/, '"boot":"the one before"'));
}

test("what was there when the agent first started after a boot is told, stays, and nothing is written into it", async () => {
  const other = bindFolder("ssh");
  forgetBoot();
  const drift = fixture().start();
  await drift.sweepNow();
  await drift.sweepNow();
  expect([types(), mountsAt("ssh"), readdirSync(other)]).toEqual([["drift-found"], 1, []]);
  expect(drift.summary().open).toEqual([
    expect.objectContaining({
      path: "/etc/ssh",
      kind: "covered",
      why: expect.stringContaining("first started"),
    }),
  ]);
  await drift.stop();
  const { lateMinutes } = JSON.parse(readFileSync(record(), "utf8"));
  const minutes = (uptimeMs() - Number(processStart(1)) * 10) / 60_000;
  expect(lateMinutes === null).toBe(minutes <= 10);
  // The next agent of this boot knows it too.
  await fixture().start().sweepNow();
  expect(mountsAt("ssh")).toBe(1);
  expect(JSON.parse(readFileSync(record(), "utf8"))).toMatchObject({
    v: 1,
    boot: `${bootId()} ${processStart(1)}`,
    mounts: [expect.stringContaining("other-ssh")],
  });
});

test("what somebody mounts over it is taken away, and what was there stays", async () => {
  bindFolder("ssh");
  forgetBoot();
  const drift = fixture().start();
  await drift.sweepNow();
  mount("-t", "tmpfs", "tmpfs", at("ssh"));
  mount("-t", "tmpfs", "tmpfs", at("ssh"));
  await drift.sweepNow();
  expect([revertedKinds(), mountsAt("ssh")]).toEqual([["covered"], 1]);
});

test("what came later in this boot is taken away, also by an agent that is started again", async () => {
  await fixture().start().stop();
  bindFolder("cron");
  await fixture().start().sweepNow();
  expect([revertedKinds(), mountsAt("cron")]).toEqual([["covered"], 0]);
});

test("what impermanence's service or a unit with an escaped name mounts is declared", async () => {
  const units = join(fixture().root, "store/one-etc/etc/systemd/system");
  mkdirSync(units, { recursive: true });
  const persist =
    "[Service]\nExecStart=/nix/store/x-impermanence-mount-file /etc/sudoers /persist/etc/sudoers ''\n";
  writeFileSync(join(units, "persist-persist-etc-sudoers.service"), persist);
  writeFileSync(join(units, "etc-ssh-authorized_keys\\x2ed.mount"), "[Mount]\nWhat=/persist/keys\n");
  symlinkSync("/dev/null", join(units, "etc-cron.mount"));
  const file = join(fixture().root, "persisted");
  writeFileSync(file, readFileSync(at("sudoers")));
  execFileSync("chmod", ["0440", file]);
  mount("--bind", file, at("sudoers"));
  mount("-t", "tmpfs", "tmpfs", at("ssh/authorized_keys.d"));
  bindFolder("cron");
  await fixture().start().sweepNow();
  // A mount unit that the closure masks declares nothing.
  expect([mountsAt("sudoers"), mountsAt("ssh/authorized_keys.d"), mountsAt("cron")]).toEqual([1, 1, 0]);
});

test("what only the agent's own unit sees is told and stays", async () => {
  // As systemd makes it for a unit with BindReadOnlyPaths: in a mount namespace of its own.
  const script = `
    import { readDeclaredMounts } from "${import.meta.dirname}/mounts/declared-mounts.ts";
    import { createMountView } from "${import.meta.dirname}/mounts/mount-view.ts";
    import { createEtcScope } from "${import.meta.dirname}/../../reconcile/drift/etc-scope.ts";
    const etcDir = process.argv[1];
    const entries = new Map([["ssh", { kind: "directory", path: "ssh" }]]);
    const view = createMountView({ etcDir, scope: createEtcScope([]), firstMounts: { marks: new Set(), lateMinutes: null } });
    const declaredMounts = await readDeclaredMounts(etcDir);
    const { covered, rights } = view.look({ entries, declaredMounts });
    console.log(JSON.stringify({ covered, rights: [...rights].map(([path, { why }]) => [path, why]) }));
  `;
  const node = [process.execPath, "--input-type=module", "-e", script, fixture().etc];
  const see = (...before: string[]): unknown =>
    JSON.parse(
      execFileSync(
        "unshare",
        ["--mount", "--propagation", "slave", "sh", "-c", `${before.join("; ")}\nexec "$@"`, "sh", ...node],
        { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
      ),
    );
  const bind = `mount --bind '${fixture().root}' '${at("ssh")}'`;
  expect(see(bind)).toEqual({
    covered: ["ssh"],
    rights: [["ssh", expect.stringContaining("the agent's own unit")]],
  });
  expect(mountsAt("ssh")).toBe(0);
  bindFolder("ssh");
  expect(see(":")).toEqual({ covered: ["ssh"], rights: [] });
});
