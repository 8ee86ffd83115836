/** SHELL. Key set 1 of a new fleet with several root keys: signed in its file, one after the other, before there is a controller. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { sha256 } from "@chimera/proto/signed/canonical";
import {
  Envelope,
  mergeSignatures,
  parsePayload,
  payloadOf,
  signersOf,
} from "@chimera/proto/signed/envelope";
import { KeySet } from "@chimera/proto/signed/key-set";
import { readBoundedFile } from "../documents/read-bounded.ts";
import { countText } from "../print/proposals/count-text.ts";
import type { Io } from "../io.ts";
import { keySetText, listedRoles } from "../print/keys/key-set-table.ts";
import { printableJson } from "../print/printable.ts";
import { replaceFile } from "../replace-file.ts";
import { signDocument } from "../signers/remote-signer.ts";
import { fileSigners } from "../signers/role-signers.ts";
import { confirm } from "./confirm.ts";

const dayMs = 86_400_000;

export async function signFirstKeySet(
  io: Io,
  file: string,
  options: { rootKey: readonly string[]; yes: boolean; dryRun: boolean; json: boolean },
): Promise<void> {
  const { rootKey, json } = options;
  const path = resolve(io.cwd, file);
  const envelope = await readBoundedFile(path, Envelope);
  const payload = payloadOf(envelope, "keys");
  const set = parsePayload(payload, KeySet);
  if (set.version !== 1) {
    throw new ChimeraError(
      "usage",
      `${path} is key set ${set.version}: only the first is signed in its file`,
    );
  }
  const { root } = set.roles;
  const roles = listedRoles(set, () => null);
  const daysLeft = Math.floor((Date.parse(set.expires) - io.nowMs()) / dayMs);
  (json ? io.err : io.out)(`fleet ${sha256(payload)}\n${keySetText(set, { roles, daysLeft }, io.paint)}`);
  if (options.dryRun) {
    if (json) io.out(`${printableJson({ type: "plan", fleetId: sha256(payload), roles }, 2)}\n`);
    else io.out("nothing was signed (--dry-run)\n");
    return;
  }
  const signers = await fileSigners(rootKey, { role: "root", keys: root });
  if (signers.length === 0) throw new ChimeraError("usage", "--root-key FILE is missing");
  await confirm(io, options);
  const signed = mergeSignatures(envelope, await signDocument("keys", payload, signers));
  await replaceFile(path, `${JSON.stringify(signed, null, 2)}\n`);
  const signedBy = signersOf(signed, { kind: "keys", role: root });
  const counts = [{ role: "root", signedBy, threshold: root.threshold }];
  if (json) {
    io.out(`${printableJson({ type: "signed", fleetId: sha256(payload), signatures: counts, roles }, 2)}\n`);
  } else io.out(`signed key set 1 of fleet ${sha256(payload)}: ${countText(counts)}\n`);
}
