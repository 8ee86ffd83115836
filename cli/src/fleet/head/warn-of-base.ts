/** SHELL. What the next head is made on top of, where that is not the newest head: said by all that publishes, with --dry-run too. */
import type { NodeView } from "@chimera/proto/api";
import { shortDigest, type Digest } from "@chimera/proto/names";
import { signersOf, type RoleKeys } from "@chimera/proto/signed/envelope";
import { showPlace } from "@chimera/proto/signed/place";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import type { CurrentFleet } from "../newest-document.ts";
import type { Operator } from "../operator.ts";
import type { VerifiedHead, VerifiedPanic } from "../verify-documents.ts";

type Base = Pick<CurrentFleet, "head" | "panic" | "effective" | "returnedBy">;

export function warnOfBase(
  io: Io,
  { current, keys, nodes }: Pick<Operator, "current" | "keys" | "nodes">,
): void {
  const { panic: stored } = current.view;
  warnOfPanic(io, current, { role: keys.newest.set.roles.panic, views: nodes, stored });
  warnOfReturn(io, current);
}

interface PanicWitness {
  role: RoleKeys;
  /** `verified` as checked here. */
  views: readonly NodeView[];
  /** As the controller shows it; null where nobody keeps it. */
  stored: { id: Digest; storedAt: string } | null;
}

/** Somebody undid the newest head everywhere: whoever did not see that must not bring it back unawares. */
export function warnOfPanic(io: Io, { panic, effective, head }: Base, witness: PanicWitness): void {
  if (panic === null || effective.kind !== "panic") return;
  io.err(
    `chimera: a panic stands: ${panicText({ panic, head }, witness)}. The fleet goes by world ${shortDigest(effective.world)} again; a head that is published now ends the panic\n`,
  );
}

/** Who, when, and what it undid. */
export function panicText(
  { panic, head }: { panic: VerifiedPanic; head: VerifiedHead | null },
  witness: PanicWitness,
): string {
  const names = signersOf(panic.envelope, { kind: "panic", role: witness.role });
  const by = names.length === 0 ? "a key that is retired since" : names.join(", ");
  const { reason } = panic.panic;
  const what = `head ${showPlace(panic.panic)}${head === null ? "" : headText(head)}`;
  const why = reason === "" ? "" : ` (${reason})`;
  return printableLine(`${whenText(panic.id, witness)} it undid ${what}, signed by ${by}${why}`);
}

function headText({ head: { author, reason } }: VerifiedHead): string {
  return ` by ${author}${reason === "" ? "" : ` (${reason})`}`;
}

/** By the first node that took it, else by who keeps it: a panic has no time of its own. */
function whenText(id: Digest, { views, stored }: PanicWitness): string {
  const taken = views.flatMap(({ verified, status }) =>
    verified && status?.panic?.id === id ? [status.panic.acceptedAt] : [],
  );
  const [first] = taken.toSorted((a, b) => Date.parse(a) - Date.parse(b));
  const at = first ?? (stored?.id === id ? stored.storedAt : undefined);
  return at === undefined ? "at a time that nobody tells" : `at ${at}`;
}

function warnOfReturn(io: Io, { effective, head, returnedBy = "record" }: Base): void {
  if (effective.kind !== "returned") return;
  const serial = head?.head.serial ?? 0;
  io.err(
    `chimera: made on top of world ${shortDigest(effective.world)}: ${saysSo[returnedBy](serial)} (chimera world diff current ${serial})\n`,
  );
}

/** The record of a rollout is signed by nobody: within its consent a controller could bring the world before back by it. */
const saysSo: Record<NonNullable<Base["returnedBy"]>, (serial: number) => string> = {
  record: (serial) => `the controller says that the rollout of head ${serial} failed and went back to it`,
  nodes: (serial) =>
    `the store has no record of the rollout of head ${serial}, and the nodes have signed that it failed and went back to it`,
  choice: (serial) => `--base before says that the rollout of head ${serial} went back to it`,
};
