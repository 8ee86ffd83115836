# The part of agent.json that says what is done about drift.
{ lib }:
let
  inherit (lib) mkOption types;
  reason = mkOption {
    type = types.strMatching ".+";
    description = "Why. It is shown wherever the exception is.";
  };
  until = mkOption {
    type = types.nullOr (types.strMatching "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z");
    default = null;
    example = "2027-01-31T00:00:00Z";
    description = "Then it counts no more. `null`: for as long as this system runs.";
  };
  # As the agent bounds them: absolute, one spelling, at most three stars, no parentheses.
  glob = types.addCheck (types.strMatching "/[^()]+") (text: lib.length (lib.splitString "*" text) <= 4) // {
    description = "glob of absolute paths with at most three stars and no parentheses";
  };
  timeOfDay = mkOption {
    type = types.strMatching "([01][0-9]|2[0-3]):[0-5][0-9]";
    example = "02:30";
    description = "Time of a day in UTC.";
  };
in
{
  classes = import ./drift-classes.nix { inherit lib; };
  ignore = mkOption {
    default = [ ];
    description = "Entries that others may change, beside the built-in list.";
    type = types.listOf (
      types.submodule {
        options = {
          glob = mkOption {
            type = glob;
            example = "/etc/cups/**";
            description = "Which paths.";
          };
          inherit reason until;
        };
      }
    );
  };
  rules = mkOption {
    default = [ ];
    description = ''
      What is done about classes of paths. The first rule that names a path counts; the rules of a head come before these, and
      what operators ignore by a signed order before both.
    '';
    example = [
      {
        glob = "/etc/nginx/**";
        mode = "report";
        reason = "tuned by hand until the migration";
        until = "2027-01-31T00:00:00Z";
      }
    ];
    type = types.listOf (
      types.submodule {
        options = {
          glob = mkOption {
            type = glob;
            description = "Which paths.";
          };
          mode = mkOption {
            type = types.enum [
              "revert"
              "report"
              "ignore"
            ];
            description = "What is done about a difference there.";
          };
          inherit reason until;
        };
      }
    );
  };
  window = mkOption {
    type = types.nullOr (
      types.submodule {
        options = {
          from = timeOfDay;
          to = timeOfDay;
        };
      }
    );
    default = null;
    description = ''
      Only then anything is put back; at other times differences are reported. One whose end is before its begin goes over
      midnight. A head may bring another one.
    '';
  };
  bootedOther = mkOption {
    type = types.enum [
      "report"
      "revert"
    ];
    default = "report";
    description = ''
      What happens when another system than the boot default was booted, by somebody at the boot menu or by the loader itself.
      `report`: it is left for that boot, until a newer order comes or root lets the node go on (`chimera local release`).
      `revert`: the committed system is activated over it.
    '';
  };
  showable = mkOption {
    type = types.listOf glob;
    default = [ ];
    example = [ "/etc/nginx/**" ];
    description = ''
      Files whose content `chimera drift show` may fetch though not everybody on the node may read them. It travels over NATS and
      through the controller.
    '';
  };
}
