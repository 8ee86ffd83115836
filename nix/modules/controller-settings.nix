# The options of controller.json. Names and bounds are those of controller/src/config.ts, which has the last word.
{
  lib,
  format,
  nodesFile,
  freshKeyFile,
}:
let
  inherit (lib) mkOption types;
  names = import ../pure/names.nix;
  trustedKeys = import ./trusted-keys.nix { inherit lib; };
  stateDir = "/var/lib/chimera-controller";

  file =
    default: what:
    mkOption {
      type = types.str;
      inherit default;
      description = what;
    };
in
types.submodule {
  freeformType = format.type;
  options = {
    fleetId = mkOption {
      type = types.addCheck types.str names.isFleetId // {
        description = "fleet id (64 hex digits)";
      };
      description = "SHA-256 of the fleet's first key set, as `chimera init` prints it.";
    };
    listen = {
      host = mkOption {
        type = types.str;
        default = "127.0.0.1";
        description = ''
          Address to listen on. Tokens travel in the clear here: put a TLS proxy in front, or listen only on a network
          that is trusted.
        '';
      };
      port = mkOption {
        type = types.port;
        default = 7070;
        description = "Port to listen on.";
      };
    };
    nats = {
      servers = mkOption {
        type = types.nonEmptyListOf (types.strMatching "(nats|tls)://.+");
        default = [ "nats://127.0.0.1:4222" ];
        description = "NATS servers of the fleet.";
      };
      seedFile = file "/run/credentials/chimera-controller.service/nats.seed" ''
        File with the controller's nkey seed as its service sees it; set {option}`services.chimera.controller.natsSeedFile`
        instead.
      '';
    };
    cacheDir = file "${stateDir}/cache" "The binary cache.";
    tokensFile = file "${stateDir}/tokens.json" "SHA-256 of every token, with role and expiry.";
    nodesFile = mkOption {
      type = types.str;
      default = nodesFile;
      defaultText = lib.literalMD "{file}`/etc/chimera/nodes.json` where nodes are declared, else {file}`${stateDir}/nodes.json`";
      description = "Which nodes there are, with their public keys.";
    };
    logLevel = mkOption {
      type = types.enum [
        "debug"
        "info"
        "warn"
        "error"
      ];
      default = "info";
      description = "Least important level that is logged.";
    };
    trustedKeys = trustedKeys.option ''
      The key set that this controller begins with: {file}`keys.<n>.json` as `chimera init` and `chimera keys` write it. It
      counts only while the controller knows no newer one. What it lets pass, the nodes check again.
    '';
    freshKeyFile = mkOption {
      type = types.nullOr types.str;
      default = freshKeyFile;
      defaultText = lib.literalMD "the credential made of {option}`services.chimera.controller.freshKeyFile`, else null";
      description = ''
        File with the controller's online key as its service sees it; set
        {option}`services.chimera.controller.freshKeyFile` instead.
      '';
    };
  };
}
