# The options of a role's keys, as proto/src/signed/envelope.ts reads them (RoleKeys), and the check its types cannot make.
{ lib }:
let
  inherit (lib) mkOption types;
  names = import ../pure/names.nix;

  publicKey = types.addCheck types.str names.isPublicKey // {
    description = "public key of the form name:base64 (ed25519, as `nix key convert-secret-to-public` prints it)";
  };

  # Two names for one key are one key.
  bytesOf = key: lib.last (lib.splitString ":" key);
in
{
  inherit publicKey;

  # Options, not a submodule: of one that nobody defines, the module system names the missing key without its path.
  options = what: {
    keys = mkOption {
      type = types.nonEmptyListOf publicKey;
      example = [ "ops-publish:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=" ];
      description = "${what} Public keys: they may be in the store.";
    };
    threshold = mkOption {
      type = types.ints.between 1 32;
      default = 1;
      description = "How many different keys must sign.";
    };
  };

  thresholdAssertion =
    option: role:
    let
      different = lib.length (lib.unique (map bytesOf role.keys));
    in
    {
      assertion = role.threshold <= different;
      message = "${option}.threshold: is ${toString role.threshold}, but there are ${toString different} different keys";
    };
}
