/** What a node shows of a path beyond /etc: a unit's override that is only reported, and who made it. */
import type { z } from "zod";
import { DriftShown } from "../src/drift-shown.ts";
import { Digest } from "../src/names.ts";
import * as fleet from "./test-fleet.ts";

const { minutes, toplevel } = fleet;
const path = "/run/systemd/system/nginx.service.d/x.conf";
const facts = { type: "file", size: 5, mode: "0644", uid: 0, gid: 0 } as const;
const shownUnit: DriftShown = {
  v: 1,
  kind: "shown",
  fleetId: fleet.fleetId,
  node: fleet.node,
  order: Digest.parse("0".repeat(64)),
  path,
  at: minutes(2),
  explanation: {
    kind: "managed",
    part: "units",
    because: "systemd reads it with nginx.service, which the closure declares",
    toplevel: toplevel("a"),
    entry: `${toplevel("a")}/etc/systemd/system/nginx.service`,
    expected: { type: "missing" },
  },
  stance: { mode: "report", why: "drift.classes.units is not set", setBy: "default", change: "set it" },
  open: { path, kind: "unit-override", expected: { type: "missing" }, found: facts },
  now: facts,
  culprit: {
    by: { kind: "writer", pid: 7, command: "vim", uid: 0 },
    audit: {
      at: minutes(1),
      auid: 1000,
      user: "anna",
      uid: 0,
      pid: 7,
      command: "vim",
      exe: "/bin/vim",
      key: "units",
    },
    loggedIn: [],
  },
  evidence: [],
  of: null,
  content: { kind: "shown", expected: null, found: { base64: "ZXZpbAo=", size: 5 } },
};

export const goldenShown: Record<string, { schema: z.ZodType; message: unknown }> = {
  "drift-shown-unit": { schema: DriftShown, message: shownUnit },
};
