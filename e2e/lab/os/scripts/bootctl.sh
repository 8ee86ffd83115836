#!/bin/sh
# The lab loader's tool, for containers only: there is no EFI for Debian's bootctl to talk to. lab-init reads what it writes.
# usage: bootctl set-oneshot ID | is-installed | list --json=short | status      (options of the real one are passed over)
set -eu

fail() {
  echo "bootctl (lab): $1" >&2
  exit 1
}

# As the loader and lab-init see it: the system that an entry boots.
init_of() {
  sed -n 's/^options .*init=\([^ ]*\)\/init\( .*\)\{0,1\}$/\1/p' "$1"
}

# What a machine without power finds is the file before or the file after.
set_oneshot() {
  if [ -z "$1" ]; then
    rm -f /boot/loader/oneshot
  else
    case $1 in */* | .*) fail "$1 is not an entry's id" ;; esac
    [ -f "/boot/loader/entries/$1" ] || fail "there is no entry $1"
    echo "$1" > /boot/loader/oneshot.new
    sync /boot/loader/oneshot.new
    mv -f /boot/loader/oneshot.new /boot/loader/oneshot
  fi
  sync /boot/loader
}

default_id() {
  [ ! -r /boot/loader/loader.conf ] || sed -n 's/^default *//p' /boot/loader/loader.conf
}

oneshot_id() {
  [ ! -r /boot/loader/oneshot ] || cat /boot/loader/oneshot
}

is() {
  [ "$1" = "$2" ] && echo true || echo false
}

list() {
  default=$(default_id) oneshot=$(oneshot_id) booted=$(readlink /run/booted-system || true) comma=
  printf '['
  for file in /boot/loader/entries/*.conf; do
    [ -f "$file" ] || continue
    id=${file##*/} init=$(init_of "$file")
    printf '%s{"type":"type1","id":"%s","path":"%s","options":"init=%s/init","isReported":true' \
      "$comma" "$id" "$file" "$init"
    printf ',"isDefault":%s,"isSelected":%s,"isOneShot":%s}' \
      "$(is "$id" "$default")" "$(is "$init" "$booted")" "$(is "$id" "$oneshot")"
    comma=,
  done
  echo ']'
}

[ "$#" -gt 0 ] || fail "no command"
command=
for word; do
  case $word in
    --*) continue ;;
    set-oneshot | is-installed | list | status) command=$word ;;
    *) [ "$command" = set-oneshot ] || fail "unknown word $word" ;;
  esac
done

case $command in
  set-oneshot)
    while [ "$1" != set-oneshot ]; do shift; done
    [ "$#" -ge 2 ] || fail "set-oneshot wants an entry's id, or an empty one"
    set_oneshot "$2"
    ;;
  is-installed) echo yes ;;
  list) list ;;
  status)
    echo "Current Boot Loader:"
    echo "      Product: lab-init"
    echo "Default Boot Loader Entry:"
    echo "           id: $(default_id)"
    echo "One-Shot Boot Loader Entry:"
    echo "           id: $(oneshot_id)"
    ;;
esac
