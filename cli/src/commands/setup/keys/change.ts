/** SHELL. `chimera keys add|remove|rotate|renew`: the next key set, shown, signed by root, and stored or proposed. */
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import { keyRoles, type KeySet } from "@chimera/proto/signed/key-set";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { z } from "zod";
import { createApiClient } from "../../../api/api-client.ts";
import { currentContext } from "../../../context/current-context.ts";
import { fleetKeys } from "../../../fleet/key-chain.ts";
import { nextKeySet, type KeyChange } from "../../../fleet/keys/change-key-set.ts";
import { countText } from "../../../print/proposals/count-text.ts";
import { signAgain, type SignAgain } from "../../../fleet/keys/sign-again.ts";
import { sendKeySet, type SentKeySet } from "../../../fleet/keys/sign-key-set.ts";
import type { Io } from "../../../io.ts";
import { ExpiresDays, FleetOptions, Threshold } from "../../../options.ts";
import { parseOptions } from "../../../parse-options.ts";
import { keySetDiff } from "../../../print/keys/key-set-diff.ts";
import { signAgainText } from "../../../print/keys/sign-again-text.ts";
import { printableJson } from "../../../print/printable.ts";

const dayMs = 86_400_000;
const renewDays = 365;

export type ChangeWords =
  | { verb: "add"; key: string }
  | { verb: "remove"; name: string }
  | { verb: "rotate" }
  | { verb: "renew" };

const Options = FleetOptions.extend({
  role: z.enum(keyRoles).optional(),
  threshold: Threshold.optional(),
  from: z.string().max(128).optional(),
  to: z.string().max(256).optional(),
  newEpoch: z.boolean().default(false),
  rootKey: z.array(z.string().min(1)).default([]),
  expiresDays: ExpiresDays.optional(),
  propose: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export async function change(io: Io, words: ChangeWords, given: unknown): Promise<void> {
  const options = parseOptions(Options, given);
  const wanted = wantedChange(words, options);
  const context = await currentContext(io, options.context);
  const api = await createApiClient(io, context);
  const keys = await fleetKeys(io, api, context);
  const nowMs = io.nowMs();
  const days = options.expiresDays ?? (words.verb === "renew" ? renewDays : undefined);
  const expires = days === undefined ? undefined : new Date(nowMs + days * dayMs).toISOString();
  const set = nextKeySet(keys.newest, wanted, { expires, nowMs });
  const again = await signAgain(api, set);
  const changed: Changed = { before: keys.newest.set, set, again, json: options.json };
  if (!options.json) io.out(keySetDiff(changed.before, set, io.paint));
  if (options.dryRun) return tellDryRun(io, changed);
  const { rootKey: rootFiles, propose } = options;
  tell(io, changed, await sendKeySet(io, { api, context, keys }, { set, rootFiles, propose }));
}

function wantedChange(words: ChangeWords, { role, threshold, from, to, newEpoch }: Options): KeyChange {
  if (words.verb === "renew") return { kind: "renew", newEpoch };
  if (role === undefined) throw new ChimeraError("usage", "--role is missing");
  switch (words.verb) {
    case "add":
      return { kind: "add", role, key: publicKey(words.key), threshold };
    case "remove":
      return { kind: "remove", role, name: words.name, threshold };
    case "rotate":
      return { kind: "rotate", role, from: from ?? "", to: publicKey(to ?? "") };
  }
}

function publicKey(text: string): PublicKeyText {
  const key = PublicKeyText.safeParse(text.trim());
  if (key.success) return key.data;
  throw new ChimeraError("input-invalid", `"${text}": ${key.error.issues[0]?.message}`);
}

interface Changed {
  before: KeySet;
  set: KeySet;
  again: SignAgain[];
  json: boolean;
}

function tellDryRun(io: Io, { before, set, again, json }: Changed): void {
  if (json) io.out(`${printableJson({ type: "plan", before, keySet: set, again }, 2)}\n`);
  else io.out(`${signAgainText(again)}nothing was signed or sent (--dry-run)\n`);
}

function tell(io: Io, { set, again, json }: Changed, { kind, id, counts }: SentKeySet): void {
  const { version } = set;
  if (json) {
    io.out(`${printableJson({ type: kind, kind: "keys", id, version, signatures: counts, again })}\n`);
    return;
  }
  if (kind === "proposed") {
    io.out(
      `proposed key set ${version}: signed by ${countText(counts)}\n` +
        `others look at it and sign with: chimera sign ${shortDigest(id)} --root-key FILE\n`,
    );
    return;
  }
  io.out(
    `key set ${version} is published, signed by ${countText(counts)}; nodes take it as soon as they hear of it\n` +
      signAgainText(again),
  );
}
