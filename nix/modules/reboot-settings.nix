# Options of agent.json for systems that cannot be switched to live, and for the space that an order leaves free. Names and
# bounds are those of agent/src/config.ts and proto/src/signed/head.ts.
{ lib }:
let
  inherit (lib) mkOption types;
  timeOfDay = mkOption {
    type = types.strMatching "([01][0-9]|2[0-3]):[0-5][0-9]";
    example = "02:30";
    description = "Of a day in UTC.";
  };
  megabytes =
    default: most: description:
    mkOption {
      type = types.ints.between 0 most;
      inherit default description;
    };
  program =
    example: description:
    mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            argv = mkOption {
              type = types.addCheck (types.nonEmptyListOf types.str) (
                argv: lib.hasPrefix "/" (builtins.head argv)
              ) // {
                description = "non-empty list of string whose first is an absolute path";
              };
              example = [
                "/run/current-system/sw/bin/kubectl"
                example
                "n1"
              ];
              description = "The program, by absolute path, and its arguments. No shell.";
            };
            timeoutSeconds = mkOption {
              type = types.ints.between 1 3600;
              default = 300;
              description = "One that takes longer has failed.";
            };
          };
        }
      );
      default = null;
      inherit description;
    };
in
{
  reboot = {
    policy = mkOption {
      type = types.enum [
        "when-needed"
        "window"
        "never"
      ];
      default = "never";
      description = ''
        When this node may restart for a system that cannot be switched to live (another kernel, init, GPU driver, a switch
        inhibitor). With `never` such a system waits in the state `staged-for-reboot`.
      '';
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
      description = "For `policy = \"window\"`. One whose end is before its begin goes over midnight.";
    };
    acceptUnprotected = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Restart even where the boot loader can neither boot an entry once nor count boots: a system that does not boot then
        stays the default, and somebody must go there.
      '';
    };
    panicReboot = mkOption {
      type = types.enum [
        "never"
        "now"
      ];
      default = "never";
      description = "Whether a way back that needs a restart may take it at once.";
    };
    drain = program "drain" "Empties the node before a restart; where it fails there is none.";
    undrain = program "uncordon" ''
      Brings its work back, once the node rests on the new system or on the one before, also where `drain` was cut short. The
      next node of a wave waits for it; where it fails it is run again.
    '';
  };

  reserve = {
    storeMb = megabytes 512 1048576 "MiB that an order leaves free on the store's file system; with less it is refused.";
    bootMb = megabytes 32 4096 "MiB that an order leaves free on the boot partition, beside its own kernel and initrd.";
  };
}
