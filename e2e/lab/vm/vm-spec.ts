// PURE. What a VM is made of, as the lab's state keeps it.
import { z } from "zod";

export const VmSpec = z.strictObject({
  memoryMb: z.number().int().min(512).max(16_384).default(1024),
  /** Of the boot partition; a kernel takes 12 MB of it. */
  espMb: z.number().int().min(40).max(1024).default(128),
  rootMb: z.number().int().min(1024).max(65_536).default(4096),
  /** What the hardware's clock says (systemd does not believe all of it, see ../README.md) whenever the VM is switched on or reset; without it, the time of this machine. */
  rtcBase: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
    .optional(),
});
export type VmSpec = z.infer<typeof VmSpec>;
/** As a scenario gives it. */
export type VmOptions = z.input<typeof VmSpec>;
