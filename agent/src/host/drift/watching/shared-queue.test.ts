/** All watches of a process share one queue of the kernel: an overflow by one of them loses events of the others. As root. */
import { readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { useMachineFixture } from "../../machine-drift/machine-fixture.ts";
import { useEtcFixture } from "../etc-fixture.ts";
import { createBurstMeter } from "./burst-meter.ts";

const { fixture, at } = useEtcFixture();
const machineFixture = useMachineFixture();

test(
  "what overflows beyond /etc is one alarm, and what was lost of /etc and beyond it is put back at once",
  { timeout: 60_000 },
  async () => {
    const limit = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
    const { events } = fixture();
    const meter = createBurstMeter({ onEvent: (event) => events.push(event), log: machineFixture().log });
    const { places } = machineFixture();
    const drift = fixture().start({ meter });
    const machine = machineFixture().start({ meter, onEvent: (event) => events.push(event) });
    await drift.sweepNow();
    await machine.sweepNow();
    expect([drift.summary().watching, machine.summary().watching]).toEqual([true, true]);
    // In one go, so that nobody reads the queue: the last changes are dropped without a word.
    for (let index = 0; index <= limit; index += 1) writeFileSync(join(places.run, `foreign-${index}`), "");
    writeFileSync(at("sudoers"), "evil ALL=(ALL) ALL\n");
    const root = join(places.nixVar, "gcroots/current-system");
    unlinkSync(root);
    symlinkSync("/nowhere", root);
    await vi.waitFor(() => expect(readFileSync(at("sudoers"), "utf8")).toContain("root"), {
      timeout: 20_000,
    });
    await vi.waitFor(() => expect(machine.summary()).toMatchObject({ reverted: 1 }), { timeout: 20_000 });
    const codes = events.flatMap((event) => (event.type === "alarm" ? [event.data.code] : []));
    expect(codes).toEqual(["watch-overflow"]);
    await vi.waitFor(
      () => expect([drift.summary().watching, machine.summary().watching]).toEqual([true, true]),
      {
        timeout: 20_000,
      },
    );
    rmSync(places.run, { recursive: true });
  },
);
