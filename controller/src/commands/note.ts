/** SHELL. The audit log for commands that are typed: its NATS client is loaded when there is something to tell, so that all others start at once. */
import type { AuditActName } from "@chimera/proto/audit/audit-entry";
import type { ControllerConfig } from "../config.ts";

export async function note(config: ControllerConfig, act: AuditActName, about: string): Promise<void> {
  const { noteLocally } = await import("./note-locally.ts");
  await noteLocally(config, act, about);
}
