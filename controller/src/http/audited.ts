/** SHELL. What a request leaves in the audit log: an entry before it changes anything, what came of it, or that it was refused. */
import {
  maxAuditEnvelope,
  type AuditAct,
  type AuditActName,
  type AuditDocument,
  type AuditWho,
} from "@chimera/proto/audit/audit-entry";
import { errorCodes, type ErrorCode } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Audit } from "../audit/audit.ts";
import { addressOf } from "./access.ts";
import { toProblem } from "./problem.ts";
import type { Env, Services } from "./services.ts";

/** A signed document whose signatures were checked, and the subject under which it is kept. */
export interface CheckedDocument {
  kind: string;
  id: Digest;
  signedBy: readonly string[];
  envelope: Envelope;
  kept: string;
}

/** Of one request. */
export interface Act {
  /** Before anything is changed; called again for the same document it does nothing. Throws audit-failed: then nothing may be changed. */
  begin(act: AuditActName, document: CheckedDocument): Promise<void>;
  /** For what the store need not keep again: this process tells of each document once. */
  beginOnce(act: AuditActName, document: CheckedDocument): Promise<void>;
  /** After it was done: for what must wait for nothing. */
  done(act: AuditActName, document: CheckedDocument): void;
}

interface OneAct extends Act {
  begun(): number | null;
}

const remembered = 4096;

export function audited({ store: { audit } }: Pick<Services, "store">): MiddlewareHandler<Env> {
  const told = new Set<Digest>();
  return async (c, next) => {
    // Asked now: of a connection that was closed meanwhile nobody knows.
    const from = addressOf(c);
    const act = createAct(audit, told, () => ({ who: whoOf(c), from }));
    c.set("act", act);
    await next();
    const code = c.error === undefined ? null : toProblem(c.error).code;
    const of = act.begun();
    if (of !== null) audit.later({ kind: "ended", of, code });
    else if (code !== null && isTold(code, c.req.method)) audit.refuse({ ...refusalOf(c, code), from });
  };
}

function createAct(
  audit: Pick<Audit, "append" | "later">,
  told: Set<Digest>,
  by: () => Pick<AuditAct, "who" | "from">,
): OneAct {
  let begun: number | null = null;
  const saidOf = (act: AuditActName, document: CheckedDocument): AuditAct => ({
    act,
    ...by(),
    document: shownDocument(document),
    about: null,
  });
  async function begin(act: AuditActName, document: CheckedDocument) {
    if (begun !== null) return;
    begun = await audit.append({ kind: "begun", ...saidOf(act, document) });
    if (told.size >= remembered) told.clear();
    told.add(document.id);
  }
  return {
    begun: () => begun,
    begin,
    beginOnce: async (act, document) => (told.has(document.id) ? undefined : begin(act, document)),
    done: (act, document) => audit.later({ kind: "done", ...saidOf(act, document) }),
  };
}

function shownDocument({ kind, id, signedBy, envelope, kept }: CheckedDocument): AuditDocument {
  const isSmall = JSON.stringify(envelope).length <= maxAuditEnvelope;
  const where = isSmall ? { envelope, kept: null } : { envelope: null, kept };
  return { kind, id, signedBy: signedBy.slice(0, 32).map((name) => name.slice(0, 128)), ...where };
}

function whoOf(c: Context<Env>): AuditWho {
  const caller: Env["Variables"]["caller"] | undefined = c.get("caller");
  if (caller === undefined) return { kind: "nobody" };
  return { kind: "token", id: caller.id, name: caller.name, role: caller.role };
}

const toldCodes: ReadonlySet<ErrorCode> = new Set([
  "token-invalid",
  "role-forbidden",
  "signature-invalid",
  "too-many-requests",
]);

/** Who tried to get in, or to do what he may not; and of writes whatever came to nothing. */
function isTold(code: ErrorCode, method: string): boolean {
  if (toldCodes.has(code)) return true;
  return !["GET", "HEAD", "OPTIONS"].includes(method) && errorCodes[code].http < 500;
}

function refusalOf(c: Context<Env>, code: ErrorCode) {
  const route = routePath(c, -1).slice(0, 128);
  return { code, method: c.req.method.slice(0, 16), route, who: whoOf(c) };
}
