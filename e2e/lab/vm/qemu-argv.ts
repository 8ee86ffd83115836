// PURE. The command line of QEMU for one VM. Devices have fixed places on the bus, by which the initial root knows them.
import type { VmSpec } from "./vm-spec.ts";

export type QemuInput = {
  readonly name: string;
  readonly address: string;
  readonly vm: VmSpec;
  /** Holds the disks and the firmware's variables. */
  readonly folder: string;
  /** Attaches the network interface that it is given to the lab's bridge. */
  readonly tapScript: string;
  /** Of 127.0.0.1, through which the lab enters. */
  readonly doorPort: number;
};

const firmware = "/usr/share/OVMF/OVMF_CODE_4M.fd";
export const firmwareVariables = "/usr/share/OVMF/OVMF_VARS_4M.fd";
/** Where the door is inside: a network of this VM and nobody else. */
export const doorInside = { address: "10.0.2.15", port: 2222 } as const;

/** What a write costs is the guest's to say: what it has synced is in this machine's page cache, the rest dies with it. */
const cache = "cache=writethrough";

export function qemuArgv(input: QemuInput): string[] {
  const { name, vm, folder } = input;
  return [
    "qemu-system-x86_64",
    // One processor: where a second one runs, QEMU may let it meet a kernel's own code half rewritten, and the kernel panics
    // (int3 in a static branch; 1 of 50 boots).
    ["-name", name, "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "1"],
    ["-m", `${vm.memoryMb}`, "-nodefaults", "-display", "none"],
    // A reset ends the process, and its runner starts another: so that every boot has a process of its own.
    ["-no-reboot", "-qmp", "stdio", "-chardev", `file,id=console,path=${folder}/console.log,append=on`],
    ["-serial", "chardev:console"],
    vm.rtcBase === undefined ? [] : ["-rtc", `base=${vm.rtcBase}`],
    ["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${firmware}`],
    ["-drive", `if=pflash,unit=1,format=raw,${cache},file=${folder}/firmware-variables.fd`],
    disk({ id: "esp", slot: 6, file: `${folder}/esp.img` }),
    disk({ id: "root", slot: 7, file: `${folder}/root.img` }),
    ["-netdev", `tap,id=lan,script=${input.tapScript},downscript=no`],
    ["-device", `virtio-net-pci,netdev=lan,addr=0x4,romfile=,mac=${macAddress(input.address)}`],
    ["-netdev", `user,id=door,restrict=on,hostfwd=${doorForward(input.doorPort)}`],
    ["-device", "virtio-net-pci,netdev=door,addr=0x5,romfile="],
    ["-device", "virtio-rng-pci,addr=0x8"],
  ].flat();
}

function disk({ id, slot, file }: { id: string; slot: number; file: string }): string[] {
  const first = id === "esp" ? ",bootindex=1" : "";
  return [
    "-drive",
    `if=none,id=${id},format=raw,${cache},file=${file}`,
    "-device",
    `virtio-blk-pci,drive=${id},addr=0x${slot}${first}`,
  ];
}

function doorForward(port: number): string {
  return `tcp:127.0.0.1:${port}-${doorInside.address}:${doorInside.port}`;
}

/** Two VMs of a lab have different addresses, and so different cards. */
export function macAddress(address: string): string {
  const numbers = address.split(".").slice(-2).map(Number);
  return ["52", "54", "00", "6c", ...numbers.map((one) => one.toString(16).padStart(2, "0"))].join(":");
}
