/** SHELL. Every bucket and stream as the controller wants it; the agents need none of this. */
import { maxAuditEntryBytes } from "@chimera/proto/audit/audit-entry";
import { buckets, streams, subjects } from "@chimera/proto/subjects";
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "nats";

const mib = 1 << 20;
const dayNanos = 24 * 3600 * 1e9;
/** NATS refuses more for a KV bucket. */
const headHistory = 64;

export type DeclaredStream = Partial<StreamConfig> & { name: string };

const base = {
  retention: RetentionPolicy.Limits,
  num_replicas: 1,
  allow_direct: true,
} satisfies Partial<StreamConfig>;

/** The settings with which every NATS client knows a stream as a KV bucket. */
function bucket(name: string, own: Partial<StreamConfig>): DeclaredStream {
  return {
    ...base,
    name: `KV_${name}`,
    subjects: [`$KV.${name}.>`],
    discard: DiscardPolicy.New,
    deny_delete: true,
    // Nodes, leads and operators write to keys of these: by that header one of them would take away what all others wrote.
    allow_rollup_hdrs: false,
    ...own,
  };
}

export const declaredStreams: DeclaredStream[] = [
  bucket(buckets.desired, {
    storage: StorageType.File,
    max_msgs_per_subject: headHistory,
    max_bytes: 1024 * mib,
  }),
  bucket(buckets.status, { storage: StorageType.Memory, max_msgs_per_subject: 1, max_bytes: 128 * mib }),
  {
    ...base,
    name: streams.build,
    subjects: [subjects.all.builds],
    storage: StorageType.Memory,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_bytes: 32 * mib,
  },
  {
    ...base,
    name: streams.health,
    subjects: [subjects.all.health],
    storage: StorageType.Memory,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 30,
    max_bytes: 128 * mib,
  },
  {
    ...base,
    name: streams.hardware,
    subjects: [subjects.all.hardware],
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_bytes: 256 * mib,
  },
  {
    ...base,
    name: streams.events,
    subjects: [subjects.all.events],
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs: 1_000_000,
    // Of one kind of one node: whoever floods the stream pushes his own out, not the history of the others.
    max_msgs_per_subject: 2000,
    max_bytes: 1024 * mib,
    max_age: 90 * dayNanos,
    max_msg_size: 64 * 1024,
  },
  {
    ...base,
    name: streams.sessions,
    subjects: [subjects.all.sessions, subjects.all.sessionPages],
    storage: StorageType.Memory,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    // With the other streams in memory less than the 512 MiB that a server has for them unless told otherwise.
    max_bytes: 128 * mib,
    max_age: 7 * dayNanos,
    max_msg_size: 128 * 1024,
  },
  {
    ...base,
    name: streams.audit,
    subjects: [subjects.all.audits],
    storage: StorageType.File,
    // What is full takes no more: an old entry never makes room for a new one.
    discard: DiscardPolicy.New,
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    max_bytes: 1024 * mib,
    max_msg_size: maxAuditEntryBytes,
  },
];
