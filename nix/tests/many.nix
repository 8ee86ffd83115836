# How long a fleet takes to evaluate: what every node's agent and units are, with nixpkgs' own module system and stubs for NixOS.
{ nixpkgsLib, count }:
let
  lib = import (/. + "${nixpkgsLib}/lib");
  mkFleet = import ./mk-fleet.nix { inherit lib; };
  keys = import ./example-keys.nix;
  names = builtins.genList (i: "n${toString i}") (lib.toInt count);
  fleet = mkFleet {
    system = "x86_64-linux";
    trustedKeys = keys.first;
    modules = [
      {
        services.chimera.agent.settings = {
          inherit (keys) fleetId;
          nats.servers = [ "nats://hub:4222" ];
          controller.url = "http://hub:7070";
          nix.trustedPublicKeys = [ "cache:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=" ];
        };
      }
    ];
    nodes = lib.genAttrs names (_: { });
  };
in
{
  # Forced whole, and answered in short.
  all = lib.mapAttrsToList (
    _:
    { config, ... }:
    let
      whole = {
        agent = config.environment.etc."chimera/agent.json".source.value;
        units = config.systemd.services;
        problems = builtins.filter (entry: !entry.assertion) config.assertions;
      };
    in
    builtins.stringLength (builtins.toJSON whole)
  ) fleet.nixosConfigurations;
}
