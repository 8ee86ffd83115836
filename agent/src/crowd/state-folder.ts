/** Wiring. Benchmarks only: what a simulated agent keeps on disk, by the agent's own writer. */
import { join } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Log } from "@chimera/proto/log";
import { Receipt } from "@chimera/proto/signed/receipt";
import { openDocument } from "../host/state/documents.ts";

export function openStateFolder(folder: string, log: Log) {
  return {
    trust: openDocument(join(folder, "trust.json"), TrustState, log),
    receipt: openDocument(join(folder, "receipt.json"), Receipt, log),
  };
}
