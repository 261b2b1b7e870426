//! Wrappers as data: which of their words are options, and where the inner command begins.

/// `name|options with a value|operands before the command|how`, where `how` is a word for each of:
/// `assign` assignments may stand before the command; `text` the words are one text for a shell; `away` it runs on another machine
/// or in another tree of files; `stdin` the input is the command's own.
pub(super) const TABLE: &str = "
sudo|-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --close-from --role --type --other-user --chroot|0|assign
doas|-u -C -a|0|assign
pkexec|--user|0|
run0|-u --user -g --group --unit --property --chdir --setenv|0|
nohup||0|
nice|-n --adjustment|0|
ionice|-c -n -p -P -u --class --classdata|0|
timeout|-s -k --signal --kill-after|1|
gtimeout|-s -k --signal --kill-after|1|
stdbuf|-i -o -e --input --output --error|0|
setsid||0|
time|-f -o --format --output|0|
gtime|-f -o --format --output|0|
command||0|
builtin||0|
exec|-a|0|
chrt|-T -P -D -p|1|
taskset|-p|1|
numactl|-N -m -C -i -l -p --cpunodebind --membind --physcpubind --interleave --preferred|0|
chroot|--userspec --groups|1|away
unshare|-R -w -S -G --root --wd --setuid --setgid --map-user --map-group --propagation|0|away
nsenter|-t -S -G --target --setuid --setgid --root --wd|0|away
bwrap|--bind --bind-try --dev-bind --dev-bind-try --ro-bind --ro-bind-try --setenv --symlink --tmpfs --proc --dev --mqueue --chdir --unsetenv --dir --uid --gid --hostname --lock-file --seccomp --perms --args --argv0|0|
firejail|--profile --name|0|
flock|-w -E -c --timeout --wait --conflict-exit-code|1|
strace|-o -e -p -s -a -u -E -I -O -S -P -X -b|0|
ltrace|-o -e -p -s -a -u -n -l -x|0|
valgrind||0|
perf|-e -o -p|1|
gdb|-ex -x -p|0|
xvfb-run|-n -s -e -f -p -w|0|
dbus-run-session|--config-file|0|
systemd-run|-u -p -E -t -M --unit --property --setenv --uid --gid --description --slice --working-directory --on-calendar --on-active --machine|0|
systemd-inhibit|--what --who --why --mode|0|
runuser|-u -g -G -s -w --user --group --supp-group --shell|0|
setpriv|--reuid --regid --groups --inh-caps --ambient-caps --bounding-set|0|
fakeroot|-l -s -i -b|0|
fakechroot|-s -e -c|0|
eatmydata||0|
caffeinate|-t -w|0|
ssh-agent|-a -E -P -t|0|
arch|-e -d|0|
torsocks|-u -p -a -P|0|
torify||0|
proxychains|-f|0|
proxychains4|-f|0|
tsocks||0|
rlwrap|-f -H -p|0|
unbuffer||0|
chronic||0|
faketime||1|
ifne|-n|0|
cpulimit|-l -p -e --limit|0|
trickle|-u -d -w -t -l -n|0|
catchsegv||0|
setarch||1|
linux32||0|
linux64||0|
watch|-n -d -e -t --interval|0|text
busybox||0|
toybox||0|
direnv||2|
op||1|
doppler|-p -c --project --config --token|1|
aws-vault||2|
chamber||2|
teller||1|
infisical|--env --path|1|
dotenv|-e -f --file|1|
dotenvx|-f|1|
env-cmd|-f|0|
cross-env||0|assign
npx|-p --package -w --workspace|0|
pnpx|-p --package|0|
bunx|-p --package|0|
uvx|--from --with -w -p --python --index --default-index|0|
npm|-p --package -w --workspace -C --prefix|1|
pnpm|-p --package -w --filter -C --dir|1|
yarn|-p --package --cwd|1|
mise|-C|1|
asdf||1|
rbenv||1|
pyenv||1|
nodenv||1|
nvm||2|
fnm|--using|1|
volta|--node --npm --pnpm --yarn|1|
rustup||2|
lerna|--scope --ignore --concurrency|1|
bundle||1|
poetry||1|
pipenv||1|
pdm||1|
hatch|-e|1|
rye||1|
pixi|-e --environment --manifest-path|1|
conda|-n -p --name --prefix|1|
mamba|-n -p --name --prefix|1|
micromamba|-n -p --name --prefix|1|
uv|--with --python --project --directory --extra --group --env-file --package --with-editable --with-requirements --index --default-index|1|
entr||0|
sshpass|-p -f -d|0|
hyperfine|-w -r -p -c -s --warmup --runs --prepare|0|text
ssh|-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w -B|1|text away
mosh|--ssh --port|1|text away
lima|--shell|0|away
limactl|--shell --workdir|2|away
vagrant|-c --command|2|text away
multipass||2|away
wsl|-d -u --distribution --user --cd|0|away
distrobox|-n --name|2|away
toolbox|-c -r --container|1|away
heroku|-a --app|1|text away
screen|-S -c -e -h -p -s -t -T|0|
script|-c -T -I -O -B -E -m -o --command|9|
scriptreplay||9|
dtach|-c -A -n -N|1|
abduco|-c -A -n|1|
start-stop-daemon|-x -a -p -u -g -c -d -n --exec --startas --pidfile --chuid --user --group --chdir --name|0|
cgexec|-g|0|
prlimit|-p|0|
softlimit|-m -d -s -l -a -o -p -f -c -r -t|0|
ts-node|-e|9|
rtx|-C|1|
tox|-e -c -x --conf --workdir --root --override|1|
devbox|-c --config -e --env --env-file|1|
flox|-d --dir -r --remote|1|
nx|-p --projects --exclude|1|
gosu||1|
su-exec||1|
tini|-p -e|0|
dumb-init|-r --rewrite|0|
watchexec|-w -W -e -f -F -i -d -s -o -r --watch --exts --filter --ignore --debounce --signal --workdir --on-busy-update|0|text
cross-env-shell||0|assign text
";

/// Which first words make these wrappers run something at all.
pub(super) const VERBS: &str = "
direnv|exec
op|run
doppler|run
aws-vault|exec
chamber|exec
teller|run
infisical|run
dotenv|run
dotenvx|run
mise|exec x run
asdf|exec
rbenv|exec
pyenv|exec
nodenv|exec
nvm|exec
fnm|exec
volta|run
rustup|run
lerna|exec
bundle|exec
poetry|run
pipenv|run
pdm|run
hatch|run
rye|run
pixi|run exec
conda|run
mamba|run
micromamba|run
uv|run
npm|exec x
pnpm|exec dlx
yarn|exec dlx
perf|stat record trace
limactl|shell
vagrant|ssh
multipass|exec
distrobox|enter
toolbox|run
heroku|run
rtx|exec x run
tox|exec e
devbox|run
flox|activate
nx|exec
";
