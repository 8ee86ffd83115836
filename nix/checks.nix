# `nix flake check` for one system: the package, the pure half, and the modules in a real NixOS evaluation.
{
  lib,
  pkgs,
  chimera,
  mkFleet,
  controllerModule,
}:
let
  key = name: "${name}:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=";
  nkeyOf = letter: "U" + lib.concatStrings (lib.genList (_: letter) 55);
  keys = import ./tests/example-keys.nix;
  inherit (keys) fleetId;

  bootable = {
    boot.loader.grub.enable = false;
    fileSystems."/" = {
      device = "none";
      fsType = "tmpfs";
    };
    system.stateVersion = lib.trivial.release;
  };

  example = mkFleet {
    inherit (pkgs.stdenv.hostPlatform) system;
    trustedKeys = keys.first;
    modules = [
      bootable
      {
        services.chimera.agent.settings = {
          inherit fleetId;
          nats.servers = [ "nats://hub:4222" ];
          controller.url = "http://hub:7070";
          nix.trustedPublicKeys = [ (key "cache") ];
        };
      }
    ];
    nodes.n1 = { };
    nodes.hub.modules = [
      controllerModule
      {
        services.chimera.controller = {
          enable = true;
          natsSeedFile = "/var/lib/secrets/controller.seed";
          nats = {
            enable = true;
            controllerNkey = nkeyOf "C";
          };
          nodes.n1 = {
            nkey = nkeyOf "A";
            nodeKey = key "n1";
          };
          freshKeyFile = "/var/lib/secrets/fresh.key";
          settings = {
            inherit fleetId;
          };
        };
      }
    ];
  };

  # The systems are evaluated, not built: what is checked is that NixOS takes the modules.
  toplevels = lib.mapAttrs (
    _: node: builtins.unsafeDiscardStringContext node.config.system.build.toplevel.drvPath
  ) example.nixosConfigurations;
in
{
  package = chimera;
  modules = pkgs.writeText "chimera-modules" (builtins.toJSON (toplevels // { inherit (example) chimera; }));
}
