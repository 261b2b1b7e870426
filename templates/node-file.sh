# Reads, looks at or replaces one file of a node. What it works on comes on standard input, line by line, and is never
# part of a command: the verb, the path, and for a replacement the checksums (cksum: CRC and size) of the file as it was
# seen and as it will be, then its bytes. Exit: 64 bad request, 65 a link, 66 no file, 73 cannot be written, 74 cut
# short, 75 changed meanwhile. No single quotes: the whole of it stands between two.
umask 077
IFS= read -r verb || exit 64
IFS= read -r path || exit 64
case $path in /*) ;; *) exit 64 ;; esac
[ ! -h "$path" ] || exit 65
[ -f "$path" ] || exit 66
dir=${path%/*}/
case $verb in
read)
  exec cat -- "$path"
  ;;
look)
  [ -w "$dir" ] && [ -w "$path" ] || exit 73
  printf "may be written\n"
  ;;
replace)
  IFS= read -r before || exit 64
  IFS= read -r after || exit 64
  sum() { set -- $(cksum < "$1"); printf "%s %s" "$1" "$2"; }
  owner() { stat -c %u:%g -- "$1" 2> /dev/null || stat -f %u:%g -- "$1"; }
  mode() { stat -c %a -- "$1" 2> /dev/null || stat -f %Lp -- "$1"; }
  new=$dir.${path##*/}.sanctum-new
  rm -f -- "$new" || exit 73
  trap "rm -f -- \"\$new\"" EXIT
  set -C
  cat > "$new" || exit 74
  set +C
  [ "$(sum "$new")" = "$after" ] || exit 74
  whose=$(owner "$path") && bits=$(mode "$path") || exit 73
  [ "$(owner "$new")" = "$whose" ] || chown "$whose" "$new" || exit 73
  chmod "$bits" "$new" || exit 73
  sync
  [ "$(sum "$path")" = "$before" ] || exit 75
  mv -f -- "$new" "$path" || exit 73
  sync
  printf "replaced\n"
  ;;
*)
  exit 64
  ;;
esac
