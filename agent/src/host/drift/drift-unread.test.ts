/** Files that cannot be read, as who holds a lease on them makes it. Real file system, as root. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openDirectory } from "./etc-directory.ts";
import { useEtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";
import { createEvidence } from "./evidence.ts";
import { hashFile } from "./hash-file.ts";

const { fixture, pristine, at } = useEtcFixture();
const holders: ChildProcess[] = [];
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill("SIGKILL");
});

/** Takes the lease, and again whenever the kernel asks for it back; with `lets` it lets go of it after 20 ms. */
const program = `
import fcntl, os, signal, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
def again(*_):
    if sys.argv[2] == "lets": time.sleep(0.02)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    if sys.argv[2] == "keeps": fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
signal.signal(signal.SIGIO, again)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
while True: time.sleep(60)
`;

async function lease(path: string, how: "keeps" | "lets"): Promise<void> {
  const holder = spawn("python3", ["-c", program, path, how], { stdio: ["ignore", "pipe", "inherit"] });
  holders.push(holder);
  await once(holder.stdout, "data");
}

/** As the fixture declares it, with other bytes of the same length. */
async function leasedSudoers(): Promise<void> {
  const evil = join(fixture().root, "evil");
  writeFileSync(evil, "evil ALL=(ALL) ALL\n");
  chmodSync(evil, 0o440);
  await lease(evil, "keeps");
  renameSync(evil, at("sudoers"));
}

test("a file that a lease keeps from being read is put back at the first look, and the event says why it was not kept", async () => {
  const drift = fixture().start();
  await drift.sweepNow();
  await leasedSudoers();
  expect(await hashFile(at("sudoers"), 100)).toEqual({ kind: "failed", errno: "EAGAIN" });
  await drift.sweepNow();
  expect(snapshotEtc(fixture().etc)).toEqual(pristine());
  expect(fixture().events).toMatchObject([
    {
      type: "drift-reverted",
      data: {
        item: {
          path: "/etc/sudoers",
          kind: "content",
          found: { type: "file", size: 19, mode: "0440", detail: "it cannot be read: EAGAIN" },
        },
        note: "what was there was not kept: a process holds a lease on it, so that nobody can read it",
      },
    },
  ]);
  expect(drift.summary().openCount).toBe(0);
});

test("where it is only reported it is open, and not clean", async () => {
  await leasedSudoers();
  const drift = fixture().start({ mode: "report" });
  await drift.sweepNow();
  expect(drift.summary().open).toMatchObject([{ path: "/etc/sudoers", kind: "content" }]);
  expect((await drift.show({ path: "/etc/sudoers", evidence: null, maxBytes: 0 })).now).toMatchObject({
    type: "file",
    detail: "it cannot be read: EAGAIN",
  });
});

test("a lease whose holder lets go of it, as a file server does, is no drift", async () => {
  await lease(at("sudoers"), "lets");
  await fixture().start().sweepNow();
  expect(fixture().events).toEqual([]);
});

test("of what was not kept only a file is told: a link, a device, a pipe and nothing have no content", async () => {
  const { root, stateDir } = fixture();
  mkdirSync(join(root, "x"));
  const opened = openDirectory(root, "x");
  if (opened.kind === "failed") throw new Error("the folder was just made");
  using directory = opened.value;
  const keep = (name: string) =>
    createEvidence(stateDir).keepFile({ directory, name, path: "/x", root, below: "x", declared: null });
  symlinkSync("nowhere", join(root, "x/link"));
  for (const name of ["link", "gone"]) expect(await keep(name)).toEqual({ kind: "nothing" });
  writeFileSync(join(root, "x/file"), "x");
  await lease(join(root, "x/file"), "keeps");
  expect(await keep("file")).toEqual({ kind: "refused", errno: "EAGAIN" });
});
