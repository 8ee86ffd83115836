# What is compared beyond /etc, and what happens where it differs. A class that is not named follows `drift.mode`.
{ lib }:
let
  inherit (lib) mkOption types;
  mode =
    what:
    mkOption {
      type = types.nullOr (
        types.enum [
          "revert"
          "report"
          "ignore"
        ]
      );
      default = null;
      example = "report";
      description = "What happens to ${what}. `null`: what `drift.mode` says.";
    };
in
mkOption {
  default = { };
  description = "What happens beyond /etc, for each class that shall not follow `drift.mode`.";
  # No free form: a misspelt class would be one that nobody reads.
  type = types.submodule {
    options = {
      pointers = mode "another running system, profile or boot default than ours, and to garbage collector roots";
      units = mode "overrides and masks of units, and to units that systemd has not read again";
      wrappers = mode "wrappers in {file}`/run/wrappers`";
      kernel = mode "kernel parameters and modules, which are only ever reported";
      accounts = mode "users and groups, which are only ever reported";
    };
  };
}
