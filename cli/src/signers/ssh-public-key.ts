/** PURE. An OpenSSH public key line as a key of ours. */
import { ChimeraError } from "@chimera/proto/errors";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { readKeyBlob } from "./ssh-wire.ts";

/** Throws input-invalid for keys of other types, with what to use instead. */
export function keyOfSshLine(line: string, name: string): PublicKeyText {
  const [type = "", encoded = ""] = line.trim().split(/\s+/u);
  const blob = Buffer.from(encoded, "base64");
  if (encoded === "" || blob.toString("base64") !== encoded) {
    throw new ChimeraError("input-invalid", "not an OpenSSH public key (a line of a .pub file)");
  }
  const read = readKeyBlob(blob);
  if (read.publicKey === undefined || type !== read.type) throw foreignType(read.type);
  const key = PublicKeyText.safeParse(`${name}:${read.publicKey.toString("base64")}`);
  if (key.success) return key.data;
  throw new ChimeraError("input-invalid", `key name "${name}": use letters, digits, ".", "_" and "-"`);
}

function foreignType(type: string): ChimeraError {
  if (type.startsWith("sk-")) {
    return new ChimeraError(
      "input-invalid",
      `${type}: a FIDO key signs a counter and flags of its own beside the document, which no node could verify; a key that is plain ssh-ed25519, on a PIV or OpenPGP card too, works`,
    );
  }
  return new ChimeraError("input-invalid", `"${type}" where ssh-ed25519 is due: ssh-keygen -t ed25519`);
}
