// SHELL. A system that says to be built for another processor: what pre-flight refuses, whatever else is right with it.
import type { Host } from "../../lab/host/host.ts";

const script = `
set -eu
work=$(mktemp -d)
cp -a "$1" "$work/alien"
chmod u+w "$work/alien" "$work/alien/system"
printf aarch64-linux > "$work/alien/system"
nix store add-path --name "$(basename "$1" | cut -d- -f2-)" "$work/alien"
rm -rf "$work"
`;

/** Answers its store path on that host. */
export async function makeAlien(host: Host, toplevel: string): Promise<string> {
  return (await host.runChecked(["/bin/sh", "-c", script, "sh", toplevel])).trim();
}
