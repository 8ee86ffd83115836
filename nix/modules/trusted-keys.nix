# The key set that a machine is installed with, as proto/src/signed/envelope.ts reads it (Envelope), and what Nix can check of it.
{ lib }:
let
  inherit (lib) mkOption types;
  keySet = import ../pure/key-set.nix;

  bounded = length: types.addCheck types.str (text: lib.stringLength text <= length) // {
    description = "string of at most ${toString length} characters";
  };

  # `getSubModules = null` below: the module system would rebuild the types of submodules, and forget what is added to them.
  signature = types.submodule {
    options = {
      keyid = mkOption {
        type = bounded 128;
        description = "Name of the key that signed.";
      };
      sig = mkOption {
        # 64 bytes: the last digit has 2 significant bits.
        type = types.strMatching "[A-Za-z0-9+/]{85}[AQgw]==";
        description = "The signature in base 64.";
      };
    };
  };

  envelope = types.submodule {
    options = {
      payloadType = mkOption {
        type = bounded 128;
        description = "`${keySet.type}`.";
      };
      payload = mkOption {
        type = bounded (1024 * 1024);
        description = "The key set as it was signed, in base 64.";
      };
      signatures = mkOption {
        type = types.addCheck (types.nonEmptyListOf signature) (list: lib.length list <= 32) // {
          description = "list of 1 to 32 signatures";
          getSubModules = null;
        };
        description = "Those of the root keys.";
      };
    };
  };

  # A submodule would take a path for a module and read JSON as Nix, and its empty value names a missing key without its path.
  envelopeOnly = types.addCheck envelope builtins.isAttrs // {
    description = "signed key set, as builtins.fromJSON (builtins.readFile ./keys.1.json) gives it";
    emptyValue = { };
    getSubModules = null;
  };
in
{
  option =
    description:
    mkOption {
      # Merged, two envelopes would be one that nobody signed.
      type = types.unique { message = "A machine is installed with one key set."; } envelopeOnly;
      example = lib.literalExpression "builtins.fromJSON (builtins.readFile ./keys.1.json)";
      inherit description;
    };

  assertion =
    option:
    { fleetId, trustedKeys, ... }:
    let
      problem = keySet.problemOf "${option}.trustedKeys" {
        inherit fleetId;
        envelope = trustedKeys;
      };
    in
    {
      assertion = problem == null;
      message = if problem == null then "" else problem;
    };
}
