# What nixpkgs' own module system makes of our modules. Each attribute is one case; nix/test/modules.int.test.ts reads them.
# Usage: nix-instantiate --eval --strict --json --argstr nixpkgsLib <dir> -A <case> nix/tests/modules.nix
{ nixpkgsLib }:
let
  lib = import (/. + "${nixpkgsLib}/lib");

  evaluate =
    {
      modules,
      natsVersion ? "2.15.1",
    }:
    let
      inherit
        (lib.evalModules {
          modules = [
            ../modules/agent.nix
            ../modules/controller.nix
            (import ./stubs.nix { inherit lib natsVersion; })
          ]
          ++ modules;
        })
        config
        ;
      failed = builtins.filter (entry: !entry.assertion) config.assertions;
    in
    {
      problems = map (entry: entry.message) failed;
      inherit config;
    };

  key = name: "${name}:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=";
  nkeyOf = letter: "U" + lib.concatStrings (lib.genList (_: letter) 55);
  fleetId = lib.concatStrings (lib.genList (_: "ab") 32);

  agentBase = {
    services.chimera.agent = {
      enable = true;
      settings = {
        inherit fleetId;
        nats.servers = [ "nats://hub:4222" ];
        controller.url = "http://hub:7070";
        trust.publish.keys = [ (key "ops-publish") ];
        nix.trustedPublicKeys = [ (key "lab-cache") ];
      };
    };
  };

  controllerBase = {
    services.chimera.controller = {
      enable = true;
      natsSeedFile = "/var/lib/secrets/controller.seed";
      openFirewall = true;
      nats = {
        enable = true;
        controllerNkey = nkeyOf "C";
      };
      nodes.n1 = {
        nkey = nkeyOf "A";
        nodeKey = key "n1";
      };
      settings = {
        inherit fleetId;
        listen.host = "0.0.0.0";
        trust.publish.keys = [ (key "ops-publish") ];
      };
    };
  };

  agentWith = settings: (evaluate { modules = [ agentBase { services.chimera.agent.settings = settings; } ]; });
  # Everything that a wrong value can break has to be forced, or a lazy error would pass for success.
  agentResult = evaluation: {
    inherit (evaluation) problems;
    settings = evaluation.config.environment.etc."chimera/agent.json".source.value;
  };
  controllerWith =
    extra: evaluate { modules = [ controllerBase { services.chimera.controller = extra; } ]; };
  controllerResult = evaluation: {
    inherit (evaluation) problems;
    settings = evaluation.config.environment.etc."chimera/controller.json".source.value;
  };
  problemsOf = evaluation: evaluation.problems;
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

  passesOnUnknownKeys = (agentResult (agentWith { notYetKnown = 1; })).settings;

  secretInStore = problemsOf (agentWith {
    nats.seedFile = "${builtins.storeDir}/00000000000000000000000000000000-seed";
  });
  secretAsCopiedPath = problemsOf (agentWith { nodeKeyFile = "${./stubs.nix}"; });
  secretAsPathLiteral = agentResult (agentWith { nodeKeyFile = ./stubs.nix; });
  secretRelative = problemsOf (agentWith { controller.tokenFile = "token"; });
  secretWithDots = problemsOf (agentWith { controller.tokenFile = "/var/lib/../../nix/store/x"; });
  controllerSeedInStore = problemsOf (controllerWith {
    natsSeedFile = lib.mkForce "${builtins.storeDir}/00000000000000000000000000000000-seed";
  });

  badNodeName = agentResult (agentWith { node = "Web_1"; });
  badHostName = agentResult (evaluate {
    modules = [
      agentBase
      { networking.hostName = ""; }
    ];
  });
  badFleetId = agentResult (agentWith { fleetId = lib.mkForce "abc"; });
  badKey = agentResult (agentWith { trust.publish.keys = [ "ops:short" ]; });
  noKeys = agentResult (agentWith { trust.publish.keys = lib.mkForce [ ]; });
  otherStateDir = agentResult (agentWith { stateDir = "/srv/chimera"; });
  misspeltMode = agentResult (agentWith { drift.mode = "revrt"; });
  ignoreWithoutReason = agentResult (agentWith { drift.ignore = [ { glob = "/etc/x"; } ]; });
  missingFleetId = agentResult (evaluate {
    modules = [
      (lib.recursiveUpdate agentBase { services.chimera.agent.settings.fleetId = lib.mkIf false ""; })
    ];
  });
  missingKeys = agentResult (evaluate {
    modules = [
      { services.chimera.agent.enable = true; }
    ];
  });
  missingSeed = problemsOf (evaluate {
    modules = [
      { services.chimera.controller.enable = true; }
    ];
  });
  # Two names, one key: one signer would count twice.
  thresholdTooHigh = problemsOf (agentWith {
    trust.publish = {
      keys = [ (key "again") ];
      threshold = 2;
    };
  });
  requireSigsOff = problemsOf (evaluate {
    modules = [
      agentBase
      { nix.settings.require-sigs = false; }
    ];
  });
  nixOff = problemsOf (evaluate {
    modules = [
      agentBase
      { nix.enable = false; }
    ];
  });

  foreignNodeKey = problemsOf (controllerWith {
    nodes.n2 = {
      nkey = nkeyOf "B";
      nodeKey = key "n1";
    };
  });
  badDeclaredNode = problemsOf (controllerWith {
    nodes."N 2" = {
      nkey = nkeyOf "B";
      nodeKey = key "n2";
    };
  });
  badNkey = controllerResult (controllerWith { nats.controllerNkey = lib.mkForce "SUAAA"; });
  sharedNkey = problemsOf (controllerWith {
    nodes.n2 = {
      nkey = nkeyOf "A";
      nodeKey = key "n2";
    };
  });
  natsWithoutNodes = problemsOf (controllerWith { nodes = lib.mkForce { }; });
  oldNats = problemsOf (evaluate {
    modules = [ controllerBase ];
    natsVersion = "2.12.4";
  });
  undeclaredNodes = controllerResult (controllerWith {
    nodes = lib.mkForce { };
    nats.enable = lib.mkForce false;
  });
}
