# PURE: what may be a name. The same rules as proto/src/names.ts; a test holds the two together.
let
  matches = pattern: text: builtins.isString text && builtins.match pattern text != null;
in
{
  # A DNS label, so that it is a legal host name, NATS subject token and file name.
  isNodeName = matches "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  isTag = matches "[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?";
  isFleetId = matches "[0-9a-f]{64}";
  # `name:base64` of the 32 bytes of an ed25519 public key, as Nix writes it. The last digit has 4 significant bits.
  isPublicKey = matches "[A-Za-z0-9][A-Za-z0-9._-]{0,127}:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=";
  # The public half of a NATS user's nkey.
  isUserNkey = matches "U[A-Z2-7]{55}";
  nodeNameRule = "a node name has 1-63 of a-z, 0-9 and -, no - at the ends";
}
