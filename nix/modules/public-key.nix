# The type of a public key, as proto/src/signed/keys.ts reads it (PublicKeyText).
{ lib }:
let
  names = import ../pure/names.nix;
in
lib.types.addCheck lib.types.str names.isPublicKey
// {
  description = "public key of the form name:base64 (ed25519, as `nix key convert-secret-to-public` prints it)";
}
