/** SHELL. `chimera local apply|revert|hold|release`: what root orders, taken by the agent of this node. */
import type { LocalAnswer, LocalRequest } from "@chimera/proto/local-api";
import { maxLocalSeconds } from "@chimera/proto/local-order";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { askAgent } from "../../local/ask-agent.ts";
import { followOrder } from "../../local/follow-order.ts";
import { AccessOptions, localAuthor, requireRoot, type LocalAccess } from "../../local/local-access.ts";
import { unanswered } from "../../local/look-local.ts";
import { resolveToplevel } from "../../local/resolve-toplevel.ts";
import { parseOptions } from "../../parse-options.ts";
import { parseDurationMs } from "../../order/duration.ts";
import { orderedText } from "../../print/local/ordered-text.ts";
import { printableJson } from "../../print/printable.ts";

type Done = Extract<LocalAnswer, { ok: true }>;

const span = z
  .string()
  .transform((text) => (parseDurationMs(text) ?? Number.NaN) / 1000)
  .pipe(z.number("a span like 90s, 30m, 2h or 3d").max(maxLocalSeconds, "at most 7d"));
const reason = z.string().max(1024, "at most 1024 characters");

const ReleaseOptions = AccessOptions.extend({ reason });
const OrderOptions = ReleaseOptions.extend({
  for: span,
  wait: z.boolean().default(true),
  timeout: z.coerce
    .number("a number of seconds")
    .positive("more than 0 seconds")
    .max(86_400, "at most a day"),
});
type OrderOptions = z.infer<typeof OrderOptions>;
const HoldOptions = AccessOptions.extend({
  for: span,
  reason: reason.min(1, "say why"),
  drift: z.boolean().default(false),
  evenPanic: z.boolean().default(false),
});

/** Nix is asked whether the path is valid, which takes a while where its database is busy. */
const patienceMs = 60_000;

export async function apply(io: Io, path: string, words: unknown): Promise<void> {
  const options = parseOptions(OrderOptions, words);
  requireRoot();
  const toplevel = await resolveToplevel(io, path);
  const { for: seconds, reason: why } = options;
  const request = {
    v: 1,
    command: "apply",
    toplevel,
    seconds,
    reason: why,
    author: localAuthor(io),
  } as const;
  await carryOut(io, request, options);
}

export async function revert(io: Io, words: unknown): Promise<void> {
  const options = parseOptions(OrderOptions, words);
  requireRoot();
  const { for: seconds, reason: why } = options;
  await carryOut(io, { v: 1, command: "revert", seconds, reason: why, author: localAuthor(io) }, options);
}

/** The order, then what became of it. */
async function carryOut(io: Io, request: LocalRequest, options: OrderOptions): Promise<void> {
  const done = await give(io, options, request);
  const { local: order } = done.status;
  const isFollowed = options.wait && done.outcome === "ordered" && order !== null;
  if (!isFollowed) return tell(io, options, done);
  if (!options.json) io.err(orderedText(done));
  const status = await followOrder(io, { access: options, order, timeoutSeconds: options.timeout });
  if (options.json) io.out(`${printableJson({ outcome: "done", status }, 2)}\n`);
  else io.out(`${order.action} is done: it runs until ${order.until}, then what is signed\n`);
}

export async function hold(io: Io, words: unknown): Promise<void> {
  const options = parseOptions(HoldOptions, words);
  requireRoot();
  const { for: seconds, reason: why, drift, evenPanic } = options;
  const said = { seconds, reason: why, drift, evenPanic, author: localAuthor(io) };
  tell(io, options, await give(io, options, { v: 1, command: "hold", ...said }));
}

export async function release(io: Io, words: unknown): Promise<void> {
  const options = parseOptions(ReleaseOptions, words);
  requireRoot();
  const said = { reason: options.reason, author: localAuthor(io) };
  tell(io, options, await give(io, options, { v: 1, command: "release", ...said }));
}

async function give(io: Io, { socket }: LocalAccess, request: LocalRequest): Promise<Done> {
  const asked = await askAgent({ socket, request, signal: io.signal, patienceMs });
  if (asked.kind === "answer") return asked.answer;
  throw unanswered(asked.kind, asked.reason);
}

function tell(io: Io, { json }: Pick<LocalAccess, "json">, { outcome, status }: Done): void {
  if (json) io.out(`${printableJson({ outcome, status }, 2)}\n`);
  else io.out(orderedText({ outcome, status }));
}
