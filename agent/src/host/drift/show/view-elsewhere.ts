/** SHELL. Any other path: managed only where a look at a part of the machine tells of it, as of a unit's file in a strange folder. */
import type { MachineSight } from "./machine-sight.ts";
import { viewFound } from "./view-units.ts";
import { notManaged, type Viewer } from "./view.ts";

const compared =
  "nothing there is compared: only /etc, what systemd reads for units of the closure, wrappers, the pointers to systems, kernel, accounts and the closure's store paths are";

export function createElsewhereViewer(sight: MachineSight): Viewer {
  return async (path) =>
    (await viewFound(sight, path)) ?? notManaged(null, { kind: "outside", because: compared });
}
