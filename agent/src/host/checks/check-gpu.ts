/**
 * SHELL. Check `gpu`: display controllers of the PCI bus that a driver has taken. NVIDIA's must also say its version,
 * which it does once its kernel module is up. Starts no process: `nvidia-smi` takes seconds where a GPU is lost.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { HealthCheck } from "@chimera/proto/health-check";
import { attempt } from "../errno-outcome.ts";
import { failed, passed, type CheckOutcome } from "../../reconcile/checks/check-outcome.ts";
import type { CheckRun } from "./check-run.ts";

type GpuCheck = Pick<Extract<HealthCheck, { kind: "gpu" }>, "count" | "driver">;

/** They take a device so that nobody else does. */
const placeholders: ReadonlySet<string> = new Set(["vfio-pci", "pci-stub", "xen-pciback"]);

export function createGpuCheck(check: GpuCheck, root = "/"): CheckRun {
  return () => Promise.resolve(judgeGpus(check, root));
}

function judgeGpus({ count, driver: wanted }: GpuCheck, root: string): CheckOutcome {
  const found = displayDrivers(root);
  const right = found.filter((driver) => driver !== null && !placeholders.has(driver));
  const ours = wanted === undefined ? right : right.filter((driver) => driver === wanted);
  if (ours.length < count) {
    const drivers = found.map((driver) => driver ?? "none").join(", ");
    return failed(`${ours.length} of ${count} GPUs have a driver (found: ${drivers || "no GPU"})`);
  }
  if (ours.includes("nvidia") && nvidiaVersion(root) === null) {
    return failed("NVIDIA's driver has taken the GPU, but does not say its version");
  }
  return passed(`${ours.length} GPUs: ${[...new Set(ours)].join(", ")}`);
}

/** Of each display controller (class 0x03xxxx); null where none has taken it. */
function displayDrivers(root: string): (string | null)[] {
  const folder = join(root, "sys/bus/pci/devices");
  const devices = attempt(() => readdirSync(folder).toSorted());
  if (devices.kind === "failed") return [];
  return devices.value
    .filter((device) => textOf(join(folder, device, "class"))?.startsWith("0x03") === true)
    .map((device) => {
      const driver = attempt(() => readlinkSync(join(folder, device, "driver")));
      return driver.kind === "failed" ? null : basename(driver.value);
    });
}

function nvidiaVersion(root: string): string | null {
  return textOf(join(root, "proc/driver/nvidia/version"))?.match(/Kernel Module.*\d/)?.[0] ?? null;
}

function textOf(file: string): string | null {
  const text = attempt(() => readFileSync(file, "utf8"));
  return text.kind === "failed" ? null : text.value;
}
