/** SHELL. Key set 1 of a new fleet with several root keys: signed in its file, one after the other, before there is a controller. */
import { readFile } from "node:fs/promises";
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
import { parseJson } from "../api/http.ts";
import { countText } from "../print/proposals/count-text.ts";
import type { Io } from "../io.ts";
import { listedRoles } from "../print/keys/key-set-table.ts";
import { printableJson } from "../print/printable.ts";
import { replaceFile } from "../replace-file.ts";
import { signDocument } from "../signers/remote-signer.ts";
import { fileSigners } from "../signers/role-signers.ts";

export async function signFirstKeySet(
  io: Io,
  file: string,
  { rootKey, json }: { rootKey: readonly string[]; json: boolean },
): Promise<void> {
  const path = resolve(io.cwd, file);
  const envelope = await readEnvelope(path);
  const payload = payloadOf(envelope, "keys");
  const set = parsePayload(payload, KeySet);
  if (set.version !== 1) {
    throw new ChimeraError(
      "usage",
      `${path} is key set ${set.version}: only the first is signed in its file`,
    );
  }
  const { root } = set.roles;
  const signers = await fileSigners(rootKey, { role: "root", keys: root });
  if (signers.length === 0) throw new ChimeraError("usage", "--root-key FILE is missing");
  const signed = mergeSignatures(envelope, await signDocument("keys", payload, signers));
  await replaceFile(path, `${JSON.stringify(signed, null, 2)}\n`);
  const signedBy = signersOf(signed, { kind: "keys", role: root });
  const counts = [{ role: "root", signedBy, threshold: root.threshold }];
  if (json) {
    const roles = listedRoles(set, () => null);
    io.out(`${printableJson({ type: "signed", fleetId: sha256(payload), signatures: counts, roles }, 2)}\n`);
  } else io.out(`signed key set 1 of fleet ${sha256(payload)}: ${countText(counts)}\n`);
}

async function readEnvelope(path: string): Promise<Envelope> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", path, { cause });
  });
  const envelope = Envelope.safeParse(parseJson(text));
  if (envelope.success) return envelope.data;
  throw new ChimeraError("input-invalid", `${path} holds no signed document`);
}
