# Options of agent.json that say what a healthy node is. Names and bounds are those of proto/src/health-check.ts.
{ lib }:
let
  inherit (lib) mkOption types;

  # Only what is set is written: the agent refuses keys that are not of a check's kind, null included.
  whenSet =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };
  withoutNulls = lib.filterAttrs (_: value: value != null);

  number =
    default: bounds: description:
    mkOption {
      type = types.ints.between bounds.least bounds.most;
      inherit default description;
    };

  unitName = types.strMatching "[A-Za-z0-9:_.@\\-]{1,250}[.][a-z]{1,16}" // {
    description = "name of a systemd unit, with its suffix";
  };

  check = types.submodule {
    options = {
      name = mkOption {
        type = types.strMatching "[a-z0-9][a-z0-9-]{0,62}";
        example = "web-answers";
        description = "The verdict names the check that decided. A head's check of the same name takes this one's place.";
      };
      kind = mkOption {
        type = types.enum [
          "unit"
          "command"
          "http"
          "tcp"
          "contact"
          "gpu"
          "nix"
        ];
        description = ''
          `unit`: the unit is active. `command`: the program ends with 0. `http`: the answer has one of `statuses` and
          contains `contains`. `tcp`: the port takes a connection. `contact`: a fresh round trip to any NATS server or to the
          controller. `gpu`: at least `count` GPUs whose driver answers. `nix`: Nix's daemon answers, its database opens, the
          store takes a path.
        '';
      };
      everySeconds = number 5 {
        least = 1;
        most = 3600;
      } "Between two runs.";
      timeoutSeconds = number 10 {
        least = 1;
        most = 300;
      } "A run that takes longer has failed.";
      graceSeconds = number 0 {
        least = 0;
        most = 3600;
      } "For so long after the activation failures say nothing.";
      passes = number 2 {
        least = 1;
        most = 100;
      } "So many passes in a row make it healthy.";
      failures = number 3 {
        least = 1;
        most = 100;
      } "So many failures in a row after the commit make the node unhealthy.";
      from = mkOption {
        type = types.enum [
          "node"
          "lead"
        ];
        default = "node";
        description = "Where it runs: on this node, or on the node that leads a rollout.";
      };
      unit = whenSet unitName "Of `unit`: which.";
      argv = whenSet (types.nonEmptyListOf types.str) "Of `command`: the program, by absolute path, and its arguments. No shell.";
      url = whenSet (types.strMatching "https?://.+") "Of `http`: what is asked.";
      statuses = whenSet (types.nonEmptyListOf (types.ints.between 100 599)) "Of `http`: healthy answers; 200 where this is not set.";
      contains = whenSet types.str "Of `http`: what the first 64 KiB of the answer must contain.";
      host = whenSet (types.strMatching ".+") "Of `tcp`: name or address.";
      port = whenSet types.port "Of `tcp`: the port.";
      count = whenSet (types.ints.between 1 64) "Of `gpu`: how many at least; 1 where this is not set.";
    };
  };

  unitRule = types.submodule {
    options = {
      unit = mkOption {
        type = unitName;
        example = "flaky-printer.service";
        description = "Which unit.";
      };
      ignore = mkOption {
        type = types.bool;
        default = false;
        description = "Its failure never counts.";
      };
      settleSeconds = number 2 {
        least = 0;
        most = 3600;
      } "Its failure counts only when it lasts for so long after the activation.";
      reason = mkOption {
        type = types.strMatching ".+";
        description = "Why. It is shown wherever the exception is.";
      };
    };
  };
in
{
  checks = mkOption {
    type = types.listOf check;
    default = [ ];
    apply = map withoutNulls;
    example = lib.literalExpression ''
      [ { name = "web"; kind = "http"; url = "http://127.0.0.1/health"; } ]
    '';
    description = ''
      What must pass, beside failed units and Nix itself, before a new system becomes the boot default; they go on afterwards
      (`afterCommit`).
    '';
  };

  units = mkOption {
    type = types.listOf unitRule;
    default = [ ];
    description = ''
      Units whose failure after an activation is no verdict, or only a late one. Units that had failed before never count.
    '';
  };

  afterCommit = mkOption {
    type = types.enum [
      "alarm"
      "revert-node"
      "hold-fleet"
    ];
    default = "alarm";
    description = ''
      What happens when the node turns unhealthy after the commit: only an alarm, back to the system before, or an alarm that
      asks the fleet to stop.
    '';
  };
}
