// SHELL. What is wrong with a node already when an order comes.
import type { Host } from "../../lab/host/host.ts";
import type { Scenario } from "./scenarios.ts";

export type Undo = () => Promise<void>;

/** Where a restart has undone it already, undoing it does nothing. */
export async function applySetting(host: Host, setting: Scenario["setting"], from: string): Promise<Undo> {
  switch (setting) {
    case "none":
    case "patient":
      return () => Promise.resolve();
    case "no-way-back":
      return damageProgram(host, `${from}/bin/switch-to-configuration`);
    case "small-state-disk":
      return smallDisk(host, { path: "/var/lib/chimera", megabytes: 8, sentinelStops: true });
    case "small-store":
      return smallStore(host);
    case "small-boot":
      return smallDisk(host, { path: "/boot", megabytes: 40, sentinelStops: false });
  }
}

async function damageProgram(host: Host, program: string): Promise<Undo> {
  await host.runChecked(["mount", "--bind", "/usr/bin/false", program]);
  return async () => {
    await host.run(["umount", program]);
  };
}

interface SmallDisk {
  path: string;
  megabytes: number;
  /** Whether the sentinel has files open there. */
  sentinelStops: boolean;
}

/** A tmpfs over the folder, with the same files: full disks are tried on it, never on this machine's own. */
async function smallDisk(host: Host, { path, megabytes, sentinelStops }: SmallDisk): Promise<Undo> {
  const sh = (script: string) => host.runChecked(["/bin/sh", "-euc", script, "sh", path, `${megabytes}`]);
  const around = (script: string) =>
    sentinelStops ? `systemctl stop chimera-sentinel; ${script}; systemctl start chimera-sentinel` : script;
  await sh(
    around(`
mkdir -p /run/soak-disk
mount -t tmpfs -o "size=$2m,mode=$(stat -c %a "$1")" none /run/soak-disk
cp -a "$1/." /run/soak-disk/
mount --bind /run/soak-disk "$1"`),
  );
  return async () => {
    await sh(
      around(`
if mountpoint -q "$1"; then
  keep=$(mktemp -d)
  cp -a "$1/." "$keep/"
  umount "$1"; umount /run/soak-disk 2>/dev/null || true
  cp -a "$keep/." "$1/"
  rm -rf "$keep"
fi`),
    );
  };
}

/** What is written to the store goes to a tmpfs: Nix writes to what it finds mounted there. */
async function smallStore(host: Host): Promise<Undo> {
  await host.runChecked([
    "/bin/sh",
    "-euc",
    `mkdir -p /run/soak-store
mount -t tmpfs -o size=64m none /run/soak-store
mkdir /run/soak-store/upper /run/soak-store/work
mount -t overlay -o lowerdir=/nix/store,upperdir=/run/soak-store/upper,workdir=/run/soak-store/work soak /nix/store`,
  ]);
  return async () => {
    await host.runChecked(["umount", "--lazy", "/nix/store"]);
  };
}
