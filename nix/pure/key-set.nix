# PURE: what Nix can tell of the key set that a machine is installed with. Signatures are verified by the programs (proto/src/signed/key-set.ts):
# Nix has no ed25519. What is found here stops the build, long before a node meets it.
let
  base64 = import ./base64.nix;
  type = "application/vnd.chimera.keys.v1+json";

  # Two names for one key are one key.
  halves = builtins.match "([^:]*):(.*)";
  keyName = key: builtins.elemAt (halves key) 0;
  keyBytes = key: builtins.elemAt (halves key) 1;

  # Root keys that a signature names: what is missing here is missing from the signatures too.
  namedRoots =
    root: signatures:
    let
      keyids = map (signature: signature.keyid) signatures;
      named = builtins.filter (key: builtins.elem (keyName key) keyids) root.keys;
    in
    builtins.length (builtins.attrNames (builtins.groupBy keyBytes named));

  problemOfSet =
    { fleetId, signatures }:
    text:
    let
      set = builtins.addErrorContext "while reading the payload of a key set" (builtins.fromJSON text);
      version = set.version or 0;
      # The first one names the fleet by its bytes, and so cannot name it in them.
      fleet = if version == 1 then builtins.hashString "sha256" text else set.fleetId or "none";
      root = set.roles.root or {
        keys = [ ];
        threshold = 1;
      };
      named = namedRoots root signatures;
    in
    if !builtins.isAttrs set || set.kind or null != "keys" || set.v or null != 1 || !builtins.isInt version || version < 1 then
      ".payload: is not a key set of version 1 of the format"
    else if fleet != fleetId then
      ": is key set ${toString version} of fleet ${fleet}, but fleetId is ${fleetId}"
    else if named < root.threshold then
      ".signatures: name ${toString named} of ${toString root.threshold} root keys: is this a proposal that not everybody has signed?"
    else
      null;
in
{
  inherit type;

  # null, or what is wrong with the envelope. `name` is the option's path, so that the message can be acted on.
  problemOf =
    name:
    {
      fleetId,
      envelope,
    }:
    let
      bytes = base64.bytesOf envelope.payload;
      text = base64.asciiOf bytes;
      problem =
        if envelope.payloadType != type then
          ".payloadType: is \"${envelope.payloadType}\", but that of a key set is \"${type}\""
        else if bytes == null then
          ".payload: is not base 64 in its canonical form"
        else if text == null then
          ".payload: has a byte that no key set of Chimera has"
        else
          problemOfSet {
            inherit fleetId;
            inherit (envelope) signatures;
          } text;
    in
    if problem == null then null else name + problem;
}
