# What the pure files say: no nixpkgs needed. Each attribute is one case; nix/test/pure.int.test.ts reads them.
let
  names = import ../pure/names.nix;
  fleet = import ../pure/fleet.nix;
  sentinel = import ../pure/sentinel.nix;
  secrets = import ../pure/secrets.nix { storeDir = "/nix/store"; };
  natsServer = import ../pure/nats-server.nix;
  base64 = import ../pure/base64.nix;
  keySet = import ../pure/key-set.nix;
  inherit (import ./example-keys.nix) fleetId;
  key = name: "${name}:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=";
in
{
  # Given texts, which of them are names?
  accepts =
    { texts }:
    builtins.mapAttrs (
      _: check: map check texts
    ) { inherit (names) isNodeName isFleetId isPublicKey isUserNkey; };

  describe = fleet.describe {
    n1 = {
      tags = [ "canary" ];
      key = key "n1";
    };
    n2 = { };
  };
  checkNodes = fleet.checkNodes {
    n1 = {
      modules = [ { } ];
      system = "aarch64-linux";
    };
  };

  badNodeName = fleet.describe { "Web_1" = { }; };
  noNode = fleet.describe { };
  unknownAttribute = fleet.describe { n1.tag = [ "canary" ]; };
  badTag = fleet.describe { n1.tags = [ "two words" ]; };
  tagsAsText = fleet.describe { n1.tags = "canary"; };
  nodeAsText = fleet.describe { n1 = "x"; };
  foreignKey = fleet.describe { n1.key = key "n2"; };
  brokenKey = fleet.describe { n1.key = "n1:abc"; };
  sameKey = fleet.describe {
    n1.key = key "n1";
    n2.key = key "n2";
  };

  tmuxConf = sentinel.tmuxConf "/nix/store/t/bin/tmux";
  agentWindowConf = sentinel.agentWindowConf {
    tmux = "/nix/store/t/bin/tmux";
    supervisor = "/nix/store/s";
  };
  supervisor = sentinel.supervisor "/nix/store/b/bin/bash";
  watchdog = sentinel.watchdog "/nix/store/b/bin/bash";
  wake = sentinel.wake "/nix/store/b/bin/bash";
  gate = sentinel.gate "/nix/store/b/bin/bash";
  update-tmux = sentinel.updateTmux "/nix/store/b/bin/bash";
  placeholderLeftOver = sentinel.render ../sentinel/agent-window.conf { tmux = "/t"; };
  placeholderUnused = sentinel.render ../sentinel/tmux.conf {
    tmux = "/t";
    other = "/o";
  };
  scriptWithoutShell = sentinel.script ../sentinel/tmux.conf "/bin/sh";

  secretProblems = map (secrets.problemOf "option") [
    "/var/lib/secret"
    "/run/credentials/x.service/seed"
    "/nix/stores/secret"
    "/nix/store/x-secret"
    "${./pure.nix}"
    "relative"
    "/var/../nix/store/x"
    ""
    7
    ./pure.nix
  ];

  # Texts in base 64 → their bytes, and their text.
  decoded =
    { texts }:
    map (
      text:
      let
        bytes = base64.bytesOf text;
      in
      {
        inherit bytes;
        text = if bytes == null then null else base64.asciiOf bytes;
      }
    ) texts;

  # JSON of [{ fleetId, envelope }] → problems.
  keySetProblems = { json }: map (keySet.problemOf "option") (builtins.fromJSON json);

  natsSettings = natsServer.settings {
    inherit fleetId;
    controllerNkey = "UC";
    nodes.n1.nkey = "U1";
    nodes.n2 = {
      nkey = "U2";
      lead = true;
    };
    operators.anna.nkey = "UAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  };
  # A name with a wildcard would let a node act for others.
  natsWildcardNode = natsServer.settings {
    inherit fleetId;
    controllerNkey = "UC";
    nodes."*".nkey = "U1";
  };
  natsWildcardOperator = natsServer.settings {
    inherit fleetId;
    controllerNkey = "UC";
    nodes = { };
    operators.anna.nkey = ">";
  };
  natsWildcardFleet = natsServer.settings {
    fleetId = ">";
    controllerNkey = "UC";
    nodes = { };
  };
}
