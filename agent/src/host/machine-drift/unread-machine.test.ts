/** What a lease keeps from being read, beyond /etc: it is judged by what can be seen of it. On a real file system, as root. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEvidence } from "../drift/evidence.ts";
import { useMachineFixture } from "./machine-fixture.ts";
import { fillWrappers, runWrapperScript } from "./wrappers-fixture.ts";
import { createWrappersSource } from "./wrappers-source.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const bin = (name: string): string => at(`run/wrappers/bin/${name}`);
const holders: ChildProcess[] = [];

beforeEach(() => fillWrappers(fixture()));
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill("SIGKILL");
});

/** Takes a lease, and again whenever the kernel asks for it back: each open that does not wait fails. */
const program = `
import fcntl, os, signal, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
def again(*_):
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
signal.signal(signal.SIGIO, again)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
while True: time.sleep(60)
`;

async function lease(path: string): Promise<void> {
  const holder = spawn("python3", ["-c", program, path], { stdio: ["ignore", "pipe", "inherit"] });
  holders.push(holder);
  await once(holder.stdout, "data");
}

async function sweepWrappers(): Promise<void> {
  const { root, places } = fixture();
  const source = createWrappersSource({
    places,
    store: `${root}/store/`,
    evidence: createEvidence(join(root, "state")),
    manager: {
      restart: async () => {
        runWrapperScript(fixture());
        return null;
      },
    },
    capabilitiesOf: async () => null,
  });
  await fixture()
    .start({ sources: [source] })
    .sweepNow();
}

test("a wrapper that cannot be read is made again", async () => {
  writeFileSync(bin("sudo"), "wrapper of evil\n");
  chmodSync(bin("sudo"), 0o4511);
  await lease(bin("sudo"));
  await sweepWrappers();
  expect(fixture().events).toMatchObject([
    {
      type: "drift-reverted",
      data: {
        item: { path: bin("sudo"), found: { mode: "4511", detail: expect.stringContaining("EAGAIN") } },
      },
    },
  ]);
  expect(readFileSync(bin("sudo"), "utf8")).toBe("wrapper of sudo\n");
  expect(lstatSync(bin("sudo")).mode & 0o7777).toBe(0o4511);
});

test("a set-user-id file beside them that cannot be read is gone", async () => {
  writeFileSync(bin("shell"), "#!/bin/sh\n");
  chmodSync(bin("shell"), 0o4755);
  await lease(bin("shell"));
  await sweepWrappers();
  expect(fixture().events).toMatchObject([
    { type: "drift-reverted", data: { item: { path: bin("shell"), found: { mode: "4755" } } } },
  ]);
  expect(existsSync(bin("shell"))).toBe(false);
});

test("an override that cannot be read is removed, and the event says that nothing of it was kept", async () => {
  const file = fixture().write(
    "run/systemd/system/app.service.d/x.conf",
    "[Service]\nExecStartPre=/bin/evil\n",
  );
  await lease(file);
  await fixture().start().sweepNow();
  expect(existsSync(file)).toBe(false);
  expect(fixture().events).toMatchObject([
    {
      type: "drift-reverted",
      data: { item: { path: file }, note: expect.stringContaining("was not kept") },
    },
  ]);
});
