/** SHELL. What is typed on the controller's own machine goes into the audit log too, where NATS answers: it waits for nobody. */
import { userInfo } from "node:os";
import type { AuditActName } from "@chimera/proto/audit/audit-entry";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import { processName } from "../audit/audit.ts";
import { openAuditStream } from "../audit/audit-stream.ts";
import type { ControllerConfig } from "../config.ts";
import { connectOnce } from "../store/connection.ts";

/** Says so where it cannot be told; it was done all the same. */
export async function noteLocally(
  { nats, fleetId }: Pick<ControllerConfig, "nats" | "fleetId">,
  act: AuditActName,
  about: string,
): Promise<void> {
  try {
    const link = await connectOnce(nats);
    try {
      const who = { kind: "local", user: userName() } as const;
      const said = { kind: "done", act, who, from: "", document: null, about: about.slice(0, 128) } as const;
      await openAuditStream({ link, fleetId, by: processName() }).append(said);
    } finally {
      await link.close();
    }
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    process.stderr.write(`chimera-controller: done, but not in the audit log: ${errorChain(error)}\n`);
  }
}

/** With sudo, who typed it. */
function userName(): string {
  const { uid, username } = userInfo();
  const by = process.env["SUDO_USER"];
  return (uid === 0 && by !== undefined ? `${username} (sudo by ${by})` : username).slice(0, 64);
}
