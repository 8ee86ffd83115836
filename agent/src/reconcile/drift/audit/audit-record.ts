/** PURE. One record of the kernel's audit, as auditd writes it into its log and journald keeps it. */

export interface AuditRecord {
  type: string;
  /** Records of one event have one id: time and serial. */
  event: string;
  atMs: number;
  /** As they were written: `audited` reads the value of one that the kernel did not write plainly. */
  fields: ReadonlyMap<string, string>;
}

/** The types that say who changed what. User space can send records of other types only. */
const told: ReadonlySet<string> = new Set(["SYSCALL", "CWD", "PATH", "OPENAT2"]);
/** The kernel's own bound of one record is below that. */
const longestLine = 16_384;
const mostFields = 128;

const form = /^(?:node=\S{1,256} )?type=([A-Z0-9_]+) msg=audit\((\d{1,12})\.(\d{3}):(\d{1,20})\): ?/;

/** A line of audit.log, plain or enriched; null for one that says nothing of a change. */
export function parseAuditLine(line: string): AuditRecord | null {
  if (line.length > longestLine) return null;
  const [head, type, seconds, ms, serial] = form.exec(line) ?? [];
  if (head === undefined || type === undefined || !told.has(type)) return null;
  const atMs = Number(seconds) * 1000 + Number(ms);
  return { type, event: `${atMs}:${serial}`, atMs, fields: fieldsOf(line.slice(head.length)) };
}

export interface JournalAudit {
  type: string;
  serial: string;
  atMs: number;
  /** With the name of the type before it. */
  message: string;
}

/** The same record as journald keeps it. */
export function parseJournalAudit({ type, serial, atMs, message }: JournalAudit): AuditRecord | null {
  if (!told.has(type) || message.length > longestLine || !message.startsWith(`${type} `)) return null;
  return { type, event: `${atMs}:${serial}`, atMs, fields: fieldsOf(message.slice(type.length + 1)) };
}

/** Blanks in a value are encoded by the kernel; what auditd adds to a record stands behind a separator. The first one counts. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const word of text.replaceAll("\u001d", " ").split(" ", mostFields)) {
    const equals = word.indexOf("=");
    const name = word.slice(0, Math.max(0, equals));
    if (name !== "" && !fields.has(name)) fields.set(name, word.slice(equals + 1));
  }
  return fields;
}

/** Text that a process chose: in quotes, or as hex digits where it holds blanks, quotes or anything beyond ASCII. */
export function audited(value: string | undefined): string | null {
  if (value === undefined || value === "(null)" || value === "(none)") return null;
  if (value.startsWith('"') && value.endsWith('"') && value.length > 1) return value.slice(1, -1);
  return /^(?:[0-9A-F]{2})+$/.test(value) ? Buffer.from(value, "hex").toString("utf8") : value;
}

/** Null for what is no number, and for an id that is not set. */
export function auditedId(value: string | undefined): number | null {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return null;
  const id = Number(value);
  return id === unset ? null : id;
}

/** (uid_t)-1: nobody logged in to start it, as of a service. */
const unset = 4_294_967_295;
