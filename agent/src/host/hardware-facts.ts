/** SHELL. Gathers the slow facts with systeminformation. Runs only in the child that hardware.ts starts. */
import { setTimeout as delay } from "node:timers/promises";
import type { Hardware } from "@chimera/proto/hardware";
import type { NodeName } from "@chimera/proto/names";
import type { Systeminformation } from "systeminformation";

const partMs = 15_000;

/** The library promises strings and numbers, and gives null, NaN and objects too. */
const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, 256) : "");
const measure = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
const count = (value: unknown): number => Math.round(measure(value) ?? 0);

/** A part that hangs or fails stays empty; the rest is still worth having. */
async function part<T>(asked: Promise<T>): Promise<Partial<T>> {
  const nothing: Partial<T> = {};
  return Promise.race([asked.catch(() => nothing), delay(partMs, nothing, { ref: false })]);
}

async function list<T>(asked: Promise<T | T[]>, limit: number): Promise<T[]> {
  const found = await Promise.race([asked.catch(() => []), delay(partMs, [], { ref: false })]);
  return (Array.isArray(found) ? found : [found]).slice(0, limit);
}

export async function gatherHardware(node: NodeName): Promise<Hardware> {
  // CommonJS: a bundle has its names on `default` only.
  const { default: si } = await import("systeminformation");
  const [system, os, cpu, memory] = await Promise.all([
    part(si.system()),
    part(si.osInfo()),
    part(si.cpu()),
    part(si.mem()),
  ]);
  const [disks, networks, gpus] = await Promise.all([
    list(si.diskLayout(), 64),
    list(si.networkInterfaces(), 64),
    list(
      si.graphics().then(({ controllers }) => controllers),
      32,
    ),
  ]);
  return {
    v: 1,
    node,
    at: new Date().toISOString(),
    system: {
      manufacturer: text(system.manufacturer),
      model: text(system.model),
      virtual: system.virtual === true,
    },
    os: { distro: text(os.distro), release: text(os.release), kernel: text(os.kernel), arch: text(os.arch) },
    cpu: cpuFacts(cpu),
    memoryBytes: count(memory.total),
    disks: disks.map(({ name, type, size }) => ({
      name: text(name),
      type: text(type),
      sizeBytes: count(size),
    })),
    networks: networks.map(networkFacts),
    gpus: gpus.map(gpuFacts),
  };
}

function cpuFacts(cpu: Partial<Systeminformation.CpuData>): Hardware["cpu"] {
  const { brand, cores, physicalCores, speed } = cpu;
  return {
    brand: text(brand),
    cores: count(cores),
    physicalCores: count(physicalCores),
    speedGhz: measure(speed) ?? 0,
  };
}

function networkFacts(found: Systeminformation.NetworkInterfacesData): Hardware["networks"][number] {
  const { iface, mac, ip4, speed } = found;
  return { name: text(iface), mac: text(mac), ip4: text(ip4), speedMbit: measure(speed) };
}

function gpuFacts(found: Systeminformation.GraphicsControllerData): Hardware["gpus"][number] {
  const { vendor, model, busAddress, vram } = found;
  return { vendor: text(vendor), model: text(model), bus: text(busAddress), vramMb: measure(vram) };
}
