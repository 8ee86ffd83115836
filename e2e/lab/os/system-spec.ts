// PURE. What a lab machine's system is made of: the arguments of e2e/lab/os/default.nix, checked before Nix sees them.
import { z } from "zod";

const Label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/, "a label goes into a store path's name");
const UnitName = z.string().regex(/^[A-Za-z0-9:_.@\\-]{1,200}$/, "not a unit's name");
const EtcPath = z
  .string()
  .max(255)
  .regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^/\0]+(?:\/[^/\0]+)*$/, "a path below /etc, without . and ..");
const Text = z.string().max(1 << 20);
const StorePath = z
  .string()
  .regex(/^\/nix\/store\/[0-9a-z]{32}-[A-Za-z0-9+._?=-]{1,211}$/, "not a store path");

export const Fault = z.enum([
  "none",
  "exit1",
  "exit2",
  "exit4",
  "exit100",
  "hang",
  "fail-unit",
  "cut-network",
  "kill-agent",
  "fail-late",
  "flap",
  "fork-daemon",
  "break-agent",
  "break-tmux",
  "break-nix",
  "fill-disk",
  "fill-activation",
  "fill-boot",
  "no-boot",
  "boot-panic",
  "boot-garbage",
]);
export type Fault = z.infer<typeof Fault>;

/** A small service; another revision makes the switch restart it. */
export const App = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/),
  revision: Label.optional(),
  /** How long it takes to stop. */
  stopMs: z.number().int().min(0).max(60_000).optional(),
  restartIfChanged: z.boolean().optional(),
  /** false: the unit is there but nothing starts it. */
  run: z.boolean().optional(),
});

const Unit = z.strictObject({
  text: Text.optional(),
  wantedBy: z.array(UnitName).max(16).optional(),
  requiredBy: z.array(UnitName).max(16).optional(),
  /** Files in `<unit>.d`; null for one that is masked. */
  dropIns: z.record(z.string().regex(/^[a-z0-9-]{1,64}\.conf$/), Text.nullable()).optional(),
  aliases: z.array(UnitName).max(16).optional(),
  mask: z.boolean().optional(),
  /** The unit file is Debian's, only the links are ours. */
  debian: z.boolean().optional(),
});

const EtcEntry = z.strictObject({
  text: Text.optional(),
  source: z.string().max(4096).optional(),
  mode: z
    .string()
    .regex(/^(?:symlink|direct-symlink|[0-7]{3,4})$/)
    .optional(),
  user: z.string().max(64).optional(),
  group: z.string().max(64).optional(),
  uid: z.number().int().min(0).optional(),
  gid: z.number().int().min(0).optional(),
});

/** A real boot loader, for VMs; the store paths are those of `addVmKernel` (e2e/lab/vm). */
export const Boot = z.strictObject({
  kind: z.literal("systemd-boot"),
  /** Holds bzImage; named linux-<version>. */
  kernel: StorePath.regex(/^\/nix\/store\/[^-]+-linux-\d/, "a kernel's path is named linux-<version>"),
  /** Holds initrd. */
  initrd: StorePath,
  /** Boot counting: how often a new entry is tried before the loader takes the next one. */
  tries: z.number().int().min(1).max(9).optional(),
});
export type Boot = z.infer<typeof Boot>;

const Variant = z.strictObject({
  label: Label,
  fault: Fault.optional(),
  /** For fill-disk and fill-activation: a folder on a file system of at most 2 GiB. */
  fillPath: z.string().max(255).optional(),
  /** Holds bin/tmux; without it the machine's own. */
  tmux: StorePath.optional(),
  payloadMb: z.number().int().min(0).max(4096).optional(),
  payloadSeed: Label.optional(),
  /** Set-user-id programs in /run/wrappers, as NixOS makes them. */
  wrappers: z.boolean().optional(),
  kernelVersion: Label.optional(),
  kernelParams: z.array(z.string().max(255)).max(64).optional(),
  inhibitors: z.record(z.string().max(64), z.string().max(255)).optional(),
  apps: z.array(App).max(2000).optional(),
  units: z.record(UnitName, Unit).optional(),
  etc: z.record(EtcPath, EtcEntry).optional(),
});

const System = Variant.extend({
  /** The machine's name where it differs from the key in `hosts` (several systems for one machine). */
  host: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)
    .optional(),
  roles: z.array(z.enum(["node", "hub", "ws"])).max(3),
  /** Of Chimera: names the package, and the folder of bundles that was staged for it. */
  version: Label,
  network: z.strictObject({ address: z.string().max(43), gateway: z.ipv4().optional() }).optional(),
  /** name → address, for /etc/hosts */
  hosts: z.record(z.string().max(64), z.string().max(64)).optional(),
  authorizedKeys: z.array(z.string().max(1024)).max(64).optional(),
  nix: z
    .strictObject({
      trustedPublicKeys: z.array(z.string().max(256)).max(64).optional(),
      substituters: z.array(z.string().max(256)).max(16).optional(),
      extra: Text.optional(),
    })
    .optional(),
  agentConfig: z.json().optional(),
  controllerConfig: z.json().optional(),
  /** Without it the machine is a container, whose loader is one line of text. */
  boot: Boot.optional(),
  nats: z
    .strictObject({
      bin: z.string().max(4096).optional(),
      /** The text of /etc/chimera/nats.conf … */
      config: Text.optional(),
      /** … or the path of a file that somebody else writes. */
      configFile: z.string().max(255).optional(),
    })
    .optional(),
  specialisations: z.record(Label, Variant.partial()).optional(),
});

export const SystemSpec = System.refine(({ fault, boot }) => boot !== undefined || !isBootFault(fault), {
  path: ["fault"],
  error: "a container has no kernel of its own that could fail to boot: give `boot`",
}).refine(({ fault, boot }) => boot === undefined || fault !== "no-boot", {
  path: ["fault"],
  error: "no-boot is a container's: a machine with `boot` has boot-panic and boot-garbage",
});
export type SystemSpec = z.infer<typeof SystemSpec>;

export function isBootFault(fault: Fault | undefined): boolean {
  return fault === "boot-panic" || fault === "boot-garbage";
}

export const Systems = z.strictObject({
  /** Store path with bin/node. */
  node: StorePath,
  hosts: z.record(z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/), SystemSpec),
});
export type Systems = z.infer<typeof Systems>;

export const SystemIndex = z.record(z.string().max(63), StorePath);
export type SystemIndex = z.infer<typeof SystemIndex>;

/** Five services as every lab node has them; the revision decides which differ from another world's. */
export function labApps(revision: string): z.infer<typeof App>[] {
  return [
    { name: "lab-app-1", revision },
    { name: "lab-app-2", revision, stopMs: 200 },
    { name: "lab-app-3", revision: "constant" },
    { name: "lab-app-4", revision, restartIfChanged: false },
    { name: "lab-app-5", revision },
  ];
}
