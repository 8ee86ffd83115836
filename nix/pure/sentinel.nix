# PURE: the files of nix/sentinel with their placeholders (@name@) replaced. A name left over or unused is an error:
# a tmux that is given "@tmux@" starts, and the node then has no agent.
let
  placeholdersIn =
    text:
    builtins.concatLists (builtins.filter builtins.isList (builtins.split "@([a-z]+)@" text));

  # `values` are the placeholders that `file` must have, no more and no fewer.
  render =
    file: values:
    let
      text = builtins.readFile file;
      found = builtins.attrNames (
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = null;
          }) (placeholdersIn (withoutComments text))
        )
      );
      given = builtins.attrNames values;
      marks = map (name: "@${name}@") given;
    in
    if found != given then
      throw "${baseNameOf file}: has placeholders [${toString found}], was given [${toString given}]"
    else
      builtins.replaceStrings marks (map (name: values.${name}) given) text;

  withoutComments =
    text:
    builtins.concatStringsSep "\n" (
      builtins.filter (line: builtins.isString line && builtins.match "[[:space:]]*#.*" line == null) (
        builtins.split "\n" text
      )
    );

  # A script of nix/sentinel with the shell it is to run with: "/bin/sh" is an option on NixOS.
  script =
    file: shell:
    let
      text = builtins.readFile file;
      first = "#!/bin/sh\n";
      length = builtins.stringLength first;
    in
    if builtins.substring 0 length text != first then
      throw "${baseNameOf file}: does not begin with #!/bin/sh"
    else
      "#!${shell}\n" + builtins.substring length (-1) text;
in
{
  inherit render script;
  tmuxConf = tmux: render ../sentinel/tmux.conf { inherit tmux; };
  agentWindowConf =
    { tmux, supervisor }: render ../sentinel/agent-window.conf { inherit tmux supervisor; };
  supervisor = script ../sentinel/supervisor.sh;
  watchdog = script ../sentinel/watchdog.sh;
  wake = script ../sentinel/wake.sh;
  updateTmux = script ../sentinel/update-tmux.sh;
  gate = script ../sentinel/gate.sh;
}
