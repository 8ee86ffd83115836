/** Somebody hostile who swaps directories while entries are put back: nothing is written outside. As root. */
import { lstatSync, mkdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";
import { pathsBelow } from "./etc-snapshot.ts";
import { createEvidence } from "./evidence.ts";
import { revertEntry } from "./revert-entry.ts";

const { fixture, at } = useEtcFixture();

const swaps = 100_000;

test(
  "somebody who swaps a parent for a link 100,000 times gets nothing written outside",
  { timeout: 120_000 },
  async () => {
    const outside = join(fixture().root, "outside");
    mkdirSync(join(outside, "authorized_keys.d"), { recursive: true });
    const swapper = new Worker(
      `const { parentPort, workerData: { ssh, moved, outside, swaps } } = require("node:worker_threads");
     const fs = require("node:fs");
     const quietly = (act) => { try { act(); } catch { /* the other side was faster */ } };
     let made = 0;
     for (let i = 0; made < swaps; i += 1) {
       quietly(() => fs.renameSync(ssh, moved + i));
       quietly(() => { fs.symlinkSync(outside, ssh); made += 1; });
       quietly(() => fs.unlinkSync(ssh));
       quietly(() => fs.renameSync(moved + i, ssh));
       quietly(() => fs.unlinkSync(ssh + "/authorized_keys.d/root"));
     }
     parentPort.postMessage(made);`,
      { eval: true, workerData: { ssh: at("ssh"), moved: join(fixture().root, "moved-"), outside, swaps } },
    );
    const made = new Promise((resolve) => swapper.once("message", resolve));
    const ended = new Promise((resolve) => swapper.once("exit", resolve));
    let isRunning = true;
    void ended.then(() => (isRunning = false));
    const { entries } = await fixture().expected();
    const context = {
      etcDir: fixture().etc,
      evidence: createEvidence(fixture().stateDir),
      isCurrent: () => true,
      isWritable: () => true,
    };
    let reverts = 0;
    while (isRunning) {
      await setImmediate();
      for (const path of ["ssh", "ssh/authorized_keys.d", "ssh/authorized_keys.d/root", "ssh/sshd_config"]) {
        const entry = entries.get(path);
        if (entry !== undefined) await revertEntry(context, entry, { uid: 0, gid: 0 });
        reverts += 1;
      }
    }
    await ended;
    expect(await made).toBe(swaps);
    expect(reverts).toBeGreaterThan(20);
    expect(pathsBelow(outside)).toEqual([join(outside, "authorized_keys.d")]);
    await fixture().start().sweepNow();
    expect(readlinkSync(at("ssh/sshd_config"))).toBe("/etc/static/ssh/sshd_config");
    expect(lstatSync(at("ssh")).isDirectory()).toBe(true);
  },
);
