# The options of agent.json. Names and bounds are those of agent/src/config.ts, which has the last word on the node.
{
  lib,
  format,
  hostName,
}:
let
  inherit (lib) mkOption types;
  names = import ../pure/names.nix;
  publicKey = import ./public-key.nix { inherit lib; };
  trustedKeys = import ./trusted-keys.nix { inherit lib; };
  health = import ./health-settings.nix { inherit lib; };
  restart = import ./reboot-settings.nix { inherit lib; };
  drift = import ./drift-settings.nix { inherit lib; };

  secretFile =
    default: what:
    mkOption {
      type = types.str;
      inherit default;
      description = "File on the node with ${what}: a string, never a file of the Nix store.";
    };

  # The sentinel's scripts name these folders; another place would leave node and scripts with different ideas.
  fixedPath =
    path: what:
    mkOption {
      type = types.enum [ path ];
      default = path;
      description = what;
    };

  seconds =
    default: bounds: what:
    mkOption {
      type = types.ints.between bounds.least bounds.most;
      inherit default;
      description = what;
    };
in
types.submodule {
  freeformType = format.type;
  options = {
    node = mkOption {
      type = types.addCheck types.str names.isNodeName // {
        description = "node name (${names.nodeNameRule})";
      };
      default = hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      description = "This node's name in the fleet.";
    };
    fleetId = mkOption {
      type = types.addCheck types.str names.isFleetId // {
        description = "fleet id (64 hex digits)";
      };
      description = "SHA-256 of the fleet's first key set, as `chimera init` prints it.";
    };
    nats = {
      servers = mkOption {
        type = types.nonEmptyListOf (types.strMatching "(nats|tls)://.+");
        example = [ "tls://hub.example:4222" ];
        description = "NATS servers of the fleet.";
      };
      seedFile = secretFile "/var/lib/chimera/identity/nats.seed" "this node's nkey seed";
    };
    controller = {
      url = mkOption {
        type = types.strMatching "https?://.+";
        example = "https://hub.example";
        description = "The controller: API below /v1, binary cache below /cache.";
      };
      tokenFile = secretFile "/var/lib/chimera/identity/token" "this node's bearer token";
    };
    nodeKeyFile = secretFile "/var/lib/chimera/identity/node.key" "the key that signs this node's status";
    trustedKeys = trustedKeys.option ''
      The key set that this node is installed with: {file}`keys.<n>.json` as `chimera init` and `chimera keys` write it. It
      counts only while the node has no accepted key set of its own, so a module of an older generation cannot bring back old
      keys. It may be the fleet's first one or any later one.
    '';
    nix.trustedPublicKeys = mkOption {
      type = types.nonEmptyListOf publicKey;
      example = [ "cache-1:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=" ];
      description = "Keys that sign closures; added to `nix.settings.trusted-public-keys` too.";
    };
    stateDir = fixedPath "/var/lib/chimera" "Journal, accepted documents, identity, outbox.";
    runtimeDir = fixedPath "/run/chimera" "Sockets and the progress file.";
    drift = {
      mode = mkOption {
        type = types.enum [
          "revert"
          "report"
          "ignore"
        ];
        default = "revert";
        description = "What happens to an entry of /etc that differs from the accepted system.";
      };
      sweepSeconds = seconds 60 {
        least = 1;
        most = 3600;
      } "Seconds between two whole comparisons of /etc; changes that inotify shows are met at once.";
      inherit (drift)
        ignore
        rules
        window
        showable
        bootedOther
        classes
        ;
      store = {
        mode = mkOption {
          type = types.enum [
            "revert"
            "report"
            "ignore"
          ];
          default = "report";
          description = ''
            What happens to a store path of the accepted system that is not what the signed closure list says. `revert` repairs it
            from the fleet's cache: the right bytes change places with the wrong ones, and only what is missing is left to Nix's own
            repair. `report` reads and tells.
          '';
        };
        scrub = mkOption {
          type = types.bool;
          default = true;
          description = "Whether every byte is read in rounds; else only what names, sizes and times make suspect.";
        };
        roundHours = mkOption {
          type = types.ints.between 1 720;
          default = 24;
          description = "In so many hours every byte of the closure is read once.";
        };
        walkSeconds = seconds 600 {
          least = 1;
          most = 86400;
        } "Seconds between two walks over all names, sizes, modes and times of the closure.";
      };
    };
    freshSeconds = seconds 3600 {
      least = 60;
      most = 604800;
    } "Without a newer sign of the controller's online key for so long, the node raises an alarm and takes no new head.";
    probationSeconds = seconds 30 {
      least = 0;
      most = 3600;
    } "How long a new system must prove itself before it becomes the boot default.";
    activationSeconds = seconds 600 {
      least = 10;
      most = 7200;
    } "An activation that takes longer is stopped and undone.";
    inherit (health) checks units afterCommit;
    inherit (restart) reboot reserve;
    lead.eligible = mkOption {
      type = types.bool;
      default = false;
      description = "Whether rollouts may be led from this node. The hub must let it: `nodes.<node>.lead` of the controller's module.";
    };
    allowExec = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether orders that the order role signed may run commands on this node (`chimera exec`) and type into its sessions
        (`chimera attach --keyboard`). Off, whoever holds every key of the fleet still needs a new system, and so the publish
        role, to run something here.
      '';
    };
    execUser = mkOption {
      type = types.strMatching "[a-z_][a-z0-9_-]{0,31}";
      default = "root";
      description = "As whom commands of orders run.";
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
  };
}
