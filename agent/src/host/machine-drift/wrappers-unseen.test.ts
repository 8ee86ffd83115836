/** Wrappers that a closure makes in another way than today's NixOS: nobody's file is called a stranger; on a real file system, as root. */
import { copyFileSync, existsSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { createEvidence } from "../drift/evidence.ts";
import { useMachineFixture } from "./machine-fixture.ts";
import type { MachineDrift } from "./machine-service.ts";
import { fillWrappers, runWrapperScript } from "./wrappers-fixture.ts";
import { createWrappersSource } from "./wrappers-source.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const bin = (name: string): string => at(`run/wrappers/bin/${name}`);
const script = (): string => at("store/wrappers-start");
let restarts: number;

beforeEach(() => {
  restarts = 0;
  fillWrappers(fixture());
});

/** The script says something more before it moves the folder into place, and is run. */
function addToScript(lines: string): void {
  const text = readFileSync(script(), "utf8");
  writeFileSync(script(), text.replace("if [ -L", `${lines}\nif [ -L`));
  runWrapperScript(fixture());
}

function start(): MachineDrift {
  const { root, places } = fixture();
  const source = createWrappersSource({
    places,
    store: `${root}/store/`,
    evidence: createEvidence(join(root, "state")),
    manager: {
      restart: async () => {
        restarts += 1;
        return null;
      },
    },
    capabilitiesOf: async () => null,
  });
  return fixture().start({ sources: [source] });
}

const told = (): string[] =>
  fixture().events.map((event) => (event.type === "alarm" ? `alarm ${event.data.code}` : event.type));

async function sweepTwice(): Promise<MachineDrift> {
  const drift = start();
  await drift.sweepNow();
  await drift.sweepNow();
  return drift;
}

test.for<[string, () => void]>([
  ["has a line of unknown shape", () => addToScript('cp /bin/true "$wrapperDir/first" && true')],
  [
    "is started with arguments",
    () =>
      fixture().write(
        "store/system/etc/systemd/system/suid-sgid-wrappers.service",
        `[Service]\nExecStart=${script()} all\n`,
      ),
  ],
  [
    "is not of the store",
    () => {
      copyFileSync(script(), at("elsewhere"));
      fixture().write(
        "store/system/etc/systemd/system/suid-sgid-wrappers.service",
        `[Service]\nExecStart=${at("elsewhere")}\n`,
      );
    },
  ],
])(
  "of a script that %s nothing is judged: one alarm, and the class is told as unseen",
  async ([, change]) => {
    change();
    copyFileSync("/bin/true", bin("more"));
    unlinkSync(bin("sudo"));
    const drift = await sweepTwice();
    expect(told()).toEqual(["alarm wrappers-unseen"]);
    expect(drift.summary()).toMatchObject({
      managed: 0,
      openCount: 0,
      unseen: [expect.stringContaining(`wrappers of ${fixture().toplevel}: `)],
    });
    expect([existsSync(bin("more")), restarts]).toEqual([true, 0]);
  },
);

test("a wrapper of which the script says something unknown is no stranger, and the others are judged", async () => {
  addToScript(
    'cp /bin/true "$wrapperDir/odd"\nchown root:root "$wrapperDir/odd"\nchmod +x "$wrapperDir/odd"',
  );
  const drift = await sweepTwice();
  expect(told()).toEqual(["alarm machine-unreadable"]);
  expect(drift.summary()).toMatchObject({ managed: 3, openCount: 0 });
  expect(drift.summary().unseen).toEqual([expect.stringContaining("odd")]);
  copyFileSync("/bin/true", bin("more"));
  await drift.sweepNow();
  expect(restarts).toBe(1);
});

test("a wrapper whose source is not in the store is no stranger", async () => {
  rmSync(at("store/ping"), { recursive: true });
  await sweepTwice();
  expect([told(), restarts]).toEqual([["alarm machine-unreadable"], 0]);
});

test("an older system makes them in its activation: what differs is told, and who puts it back", async () => {
  const text = readFileSync(script(), "utf8");
  const head = "#### Activation script snippet";
  fixture().write(
    "store/system/activate",
    `${head} var:\n_localstatus=0\n\n${head} wrappers:\n_localstatus=0\n${text}\n\nif (( _localstatus > 0 )); then\nfi\n`,
  );
  rmSync(at("store/system/etc/systemd/system/suid-sgid-wrappers.service"));
  unlinkSync(bin("sudo"));
  const drift = await sweepTwice();
  expect([told(), restarts]).toEqual([["drift-found"], 0]);
  expect(drift.summary()).toMatchObject({
    managed: 3,
    open: [{ path: bin("sudo"), why: expect.stringContaining("the next switch") }],
  });
});

test("texts beside wrappers are an older script's own, and nothing that can be started", async () => {
  addToScript('echo -n "/nix/store/x/bin/sudo" > "$wrapperDir/sudo.real"');
  await sweepTwice();
  expect(told()).toEqual([]);
  copyFileSync("/bin/true", bin("sudo.real"));
  await start().sweepNow();
  expect(restarts).toBe(1);
});
