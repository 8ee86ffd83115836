/** SHELL. The audit log as the rest of the controller knows it. */
import { randomBytes } from "node:crypto";
import type { AuditCheckpoint } from "@chimera/proto/audit/audit-checkpoint";
import type { AuditPage } from "@chimera/proto/audit/audit-api";
import type { Log } from "@chimera/proto/log";
import type { FleetId } from "@chimera/proto/names";
import type { JetStreamAccess } from "../store/read-stream.ts";
import { startAuditPost, type AuditPost } from "./audit-post.ts";
import { openAuditStream, type AuditPageQuery, type AuditStream } from "./audit-stream.ts";
import { openAuditTree } from "./audit-tree.ts";

export interface Audit extends AuditPost, AuditStream {
  checkpoint(): Promise<AuditCheckpoint | null>;
}

export interface AuditOptions {
  link: JetStreamAccess;
  fleetId: FleetId;
  cacheDir: string;
  /** Wraps whatever asks the stream: one that is gone is made again. */
  mending: <T>(work: Promise<T>) => Promise<T>;
  log: Log;
}

export function openAudit({ mending, log, ...options }: AuditOptions): Audit {
  const stream = openAuditStream({ ...options, by: processName() });
  const tree = openAuditTree({ ...options, log });
  const append: AuditStream["append"] = (said) => mending(stream.append(said));
  return {
    ...startAuditPost({ append, log }),
    append,
    page: (query: AuditPageQuery): Promise<AuditPage> => mending(stream.page(query)),
    checkpoint: () => mending(tree.checkpoint()),
  };
}

/** Of several controllers side by side, and of one that was started anew. */
export function processName(): string {
  return randomBytes(4).toString("hex");
}
