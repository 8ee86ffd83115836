# What happens to classes of differences. One that is not named is only reported; `pointers` and `wrappers` follow `drift.mode`.
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
      description = "What happens to ${what}. `null`: it is reported, unless `drift.mode` is `ignore`; `pointers` and `wrappers` do what `drift.mode` says.";
    };
in
mkOption {
  default = { };
  description = "What happens to differences that may be somebody's right: each class is put back only where this says so.";
  # No free form: a misspelt class would be one that nobody reads.
  type = types.submodule {
    options = {
      pointers = mode "another running system, profile or boot default than ours, and to garbage collector roots";
      units = mode "overrides and masks of units, and to units that systemd has not read again";
      wrappers = mode "wrappers in {file}`/run/wrappers`";
      kernel = mode "kernel parameters and modules, which are only ever reported";
      accounts = mode "users and groups, which are only ever reported";
      mounts = mode "what is mounted over {file}`/etc` or below it, and the closure does not declare";
    };
  };
}
