// SHELL. The VM base's kernel, its modules and initial root as store paths: what `boot` of a system's arguments names.
import { copyFile, cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { addPath, type Run, type Stage } from "../os/build-systems.ts";
import type { Boot } from "../os/system-spec.ts";
import type { VmBase } from "./vm-base.ts";

export async function addVmKernel(
  base: VmBase,
  { stage, run }: { readonly stage: Stage; readonly run: Run },
): Promise<Boot> {
  const version = base.kernelVersion;
  const add = async (folder: string, file: string, name: string): Promise<string> => {
    await mkdir(join(stage.write, folder), { recursive: true });
    await copyFile(join(base.boot, folder, file), join(stage.write, folder, file));
    return addPath({ stage, run }, { folder, name });
  };
  const modules = join("lib/modules", version);
  await cp(join(base.rootfs, "usr", modules), join(stage.write, "kernel", modules), { recursive: true });
  return {
    kind: "systemd-boot",
    kernel: await add("kernel", "bzImage", `linux-${version}`),
    initrd: await add("initrd", "initrd", `initrd-linux-${version}`),
  };
}
