# What nixpkgs' own module system makes of our modules. Each attribute is one case; nix/test/modules.int.test.ts reads them.
# Usage: nix-instantiate --eval --strict --json --argstr nixpkgsLib <dir> -A <case> nix/tests/modules.nix
{ nixpkgsLib }:
let
  inherit (import ./evaluated.nix { inherit nixpkgsLib; })
    lib
    evaluate
    key
    keys
    nkeyOf
    agentBase
    agentWith
    agentResult
    withKeys
    controllerBase
    controllerWith
    controllerResult
    ;
in
{
  agent =
    let
      evaluation = evaluate { modules = [ agentBase ]; };
      inherit (evaluation) config;
    in
    agentResult evaluation
    // {
      units = config.systemd.services;
      timers = config.systemd.timers;
      inherit (config.boot) kernelParams;
      tmuxConf = config.environment.etc."chimera/tmux.conf".text;
      agentWindowConf = config.environment.etc."chimera/agent-window.conf".text;
      nixSettings = config.nix.settings;
      packages = map (package: package.name) config.environment.systemPackages;
    };

  controller =
    let
      evaluation = evaluate { modules = [ controllerBase ]; };
      inherit (evaluation) config;
    in
    controllerResult evaluation
    // {
      unit = config.systemd.services.chimera-controller;
      nats = config.services.nats;
      nodes = config.environment.etc."chimera/nodes.json".source.value;
      ports = config.networking.firewall.allowedTCPPorts;
    };

  controllerDefaults = controllerResult (evaluate {
    modules = [
      (lib.recursiveUpdate controllerBase { services.chimera.controller.settings.listen.host = lib.mkIf false ""; })
    ];
  });

  # The online key: handed over as a credential, or a file that the controller's user can read itself.
  controllerFresh =
    map
      (
        extra:
        let
          evaluation = controllerWith extra;
        in
        {
          inherit (controllerResult evaluation) problems settings;
          credentials = evaluation.config.systemd.services.chimera-controller.serviceConfig.LoadCredential;
        }
      )
      [
        { }
        { freshKeyFile = "/var/lib/secrets/fresh.key"; }
        { settings.freshKeyFile = "/var/lib/chimera-controller/fresh.key"; }
      ];

  # A lead that is no node, with its own identity among the declared ones.
  standIn =
    let
      evaluation = controllerWith {
        nodes.stand-in = {
          nkey = nkeyOf "B";
          nodeKey = key "stand-in";
          lead = true;
        };
        standIn = {
          enable = true;
          natsSeedFile = "/var/lib/secrets/stand-in.seed";
          tokenFile = "/var/lib/secrets/stand-in.token";
        };
      };
      inherit (evaluation) config problems;
    in
    {
      inherit problems;
      settings = config.environment.etc."chimera/stand-in.json".source.value;
      unit = config.systemd.services.chimera-stand-in;
    };

  # Where the controller may write besides its state directory.
  controllerWritable =
    map
      (
        cacheDir:
        (controllerWith { settings = { inherit cacheDir; }; })
        .config.systemd.services.chimera-controller.serviceConfig.ReadWritePaths
      )
      [
        "/var/lib/chimera-controller/cache"
        "/srv/cache"
      ];

  nothingWhenDisabled =
    let
      inherit (evaluate { modules = [ ]; }) config;
    in
    {
      inherit (config) assertions users;
      units = builtins.attrNames config.systemd.services;
      etc = builtins.attrNames config.environment.etc;
    };

  natsPasses = [
    (agentResult (agentWith { nats.passFile = "/var/lib/chimera/identity/nats.pass"; })).settings.nats
    (controllerResult (controllerWith {
      settings.nats = {
        passFile = "/srv/controller.pass";
        nodeIssuerFile = "/srv/node-issuer.seed";
      };
    })).settings.nats
  ];

  passesOnUnknownKeys = (agentResult (agentWith { notYetKnown = 1; })).settings;

  laterKeys = agentResult (withKeys keys.second);

  undeclaredNodes = controllerResult (controllerWith {
    nodes = lib.mkForce { };
    nats.enable = lib.mkForce false;
  });
}
