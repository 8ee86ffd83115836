# What mkFleet makes of a fleet, in nixpkgs' own module system.
{ nixpkgsLib }:
let
  lib = import (/. + "${nixpkgsLib}/lib");
  mkFleet = import ./mk-fleet.nix { inherit lib; };
  key = name: "${name}:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=";

  keys = import ./example-keys.nix;

  fleet = mkFleet {
    system = "x86_64-linux";
    trustedKeys = keys.first;
    modules = [
      (
        { chimeraNode, ... }:
        {
          environment.etc.whoami.text = chimeraNode;
          services.chimera.agent.settings = {
            inherit (keys) fleetId;
            nats.servers = [ "nats://hub:4222" ];
            controller.url = "http://hub:7070";
            nix.trustedPublicKeys = [ (key "cache") ];
          };
        }
      )
    ];
    nodes.n1 = {
      tags = [ "canary" ];
      modules = [ { services.chimera.agent.settings.drift.mode = "report"; } ];
    };
    nodes.n2 = {
      system = "aarch64-linux";
      modules = [ { services.chimera.agent.enable = false; } ];
    };
    nodes.hub.modules = [
      ../modules/controller.nix
      {
        services.chimera.agent.settings.trustedKeys = keys.second;
        services.chimera.controller = {
          enable = true;
          natsSeedFile = "/var/lib/secrets/controller.seed";
          settings = {
            inherit (keys) fleetId;
          };
        };
      }
    ];
  };
in
{
  inherit (fleet) chimera;
  nodes = lib.mapAttrs (_: { config, ... }: {
    inherit (config.networking) hostName;
    inherit (config.nixpkgs) hostPlatform;
    whoami = config.environment.etc.whoami.text;
    agent = config.environment.etc."chimera/agent.json".source.value or null;
    controller = config.environment.etc."chimera/controller.json".source.value or null;
    problems = map (entry: entry.message) (builtins.filter (entry: !entry.assertion) config.assertions);
  }) fleet.nixosConfigurations;
  inherit keys;
  # What no node's module says either.
  withoutKeys =
    (mkFleet { nodes.n1 = { }; }).nixosConfigurations.n1.config.services.chimera.agent.settings.trustedKeys;
  # One node speaking under another's name.
  otherName =
    (mkFleet {
      nodes.n1.modules = [ { services.chimera.agent.settings.node = "n2"; } ];
    }).nixosConfigurations.n1.config.services.chimera.agent.settings.node;
  badNodeName = (mkFleet { nodes."Web_1" = { }; }).nixosConfigurations;
}
