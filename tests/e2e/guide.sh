#!/usr/bin/env bash
# Walks the guide to Claude Code on Mistral, from its section 5 to its section 9, with `mcr` in place of `ccr`.
#
# Run as it is, it prepares its stage first: `run.py` plays the guide's hosts and calls it again.
# Every step ends the walk when it does not do what the guide promises. What differs from the
# guide: its models are retired, and `localhost` has other ports than a person's machine.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -z "${GUIDE_STAGE:-}" ]; then exec python3 "$here/run.py" -k the_guide; fi

fixtures=$here/../fixtures
work=$GUIDE_STAGE/guide
mkdir -p "$work"

step() { printf '== %s\n' "$1"; }

# Runs a command that must succeed, keeps what it says in $work/said and shows it.
ok() {
    printf '$ %s\n' "$*"
    "$@" >"$work/said" 2>&1 || { cat "$work/said"; echo "failed, and should not: $*"; exit 1; }
    cat "$work/said"
}

# Runs a command that must fail.
fails() {
    printf '$ %s\n' "$*"
    if "$@" >"$work/said" 2>&1; then cat "$work/said"; echo "succeeded, and should not: $*"; exit 1; fi
    cat "$work/said"
}

# What the last command said holds these words.
says() { grep -qF -- "$1" "$work/said" || { echo "not said: $1"; exit 1; }; }
says_not() { if grep -qF -- "$1" "$work/said"; then echo "said, and should not be: $1"; exit 1; fi; }

# Asks for something that needs no tool; the answer and mcr's last line say who answered.
asks() { ok "$@" -p "How is the sea?"; says "The sea is grey today."; }

step "5: prerequisites"
ok node --version
ok claude --version
[ -n "$MISTRAL_API_KEY" ]

step "5: the configuration, as published"
config=$(mcr config path)
mkdir -p "$(dirname "$config")"
cp "$fixtures/config/guide.json" "$config"
ok mcr config check
says "was retired on"
says "use \`mistral-medium-3-5\`"

step "8: a model that is gone is named, with the one that follows it"
fails mcr code -p "How is the sea?"
says "devstral"
says "mistral-medium-3-5"
for route in default think longContext; do ok mcr model "$route" mistral,mistral-medium-3-5 --add; done
ok mcr model background mistral,mistral-small-2603 --add
grep -qF "// Default coding model" "$config"
ok mcr config check

step "5: verify"
asks mcr code
says "hosts: api.mistral.ai "
ok mcr logs
says "api.mistral.ai"

step "9: a simple task makes a file"
ok mcr code -p 'Create a file called hello.txt with the text "Hello from Mistral"' --allowedTools Write
[ "$(cat hello.txt)" = "Hello from Mistral" ]
ok mcr logs
says "host=api.mistral.ai"
says_not "anthropic.com"
ok mcr smoke --offline

step "7: three presets, installed and not copied"
mkdir -p "$work/presets"
cp -r "$fixtures/guide/mistral-cloud" "$fixtures/guide/mistral-ollama" "$fixtures/guide/mistral-lm-studio" "$work/presets/"
sed -i 's/devstral-latest/mistral-medium-3-5/; s/mistral-small-latest/mistral-small-2603/' \
    "$work/presets/mistral-cloud/manifest.json"
sed -i "s/localhost:11434/127.0.0.1:$OLLAMA_PORT/" "$work/presets/mistral-ollama/manifest.json"
sed -i "s/localhost:1234/127.0.0.1:$LM_STUDIO_PORT/" "$work/presets/mistral-lm-studio/manifest.json"
fails mcr preset install "$work/presets/mistral-cloud" --yes
says "apiKey"
says "--set apiKey="
ok mcr preset install "$work/presets/mistral-cloud" --yes --set "apiKey=$MISTRAL_API_KEY"
says_not "$MISTRAL_API_KEY"
if grep -rqF "$MISTRAL_API_KEY" "$(dirname "$config")"; then echo "the key is in the configuration's folder"; exit 1; fi
ok mcr preset install "$work/presets/mistral-ollama" --yes
ok mcr preset install "$work/presets/mistral-lm-studio" --yes
ok mcr preset list
says "mistral-lm-studio"

step "7: one word to switch"
asks env -u MISTRAL_API_KEY mcr mistral-cloud
says "hosts: api.mistral.ai "
asks mcr mistral-ollama
says "devstral-small:latest"
says "hosts: 127.0.0.1 "
asks mcr mistral-lm-studio
says "mistralai/devstral-small-2-2512"
asks mcr code
says "mistral-medium-3-5"

step "7: in every shell"
sed -i "s/^\"LOG\": true,/&\n\"PORT\": $SERVICE_PORT,/" "$config"
printf 'export MISTRAL_API_KEY="%s"\neval "$(mcr activate)"\n' "$MISTRAL_API_KEY" >"$HOME/.bashrc"
in_a_new_shell() { bash --noprofile --norc -c 'source "$HOME/.bashrc"; "$@"' bash "$@"; }
asks in_a_new_shell claude
ok mcr status
says "$config"
says "mistral-ollama"
printf '{"session_id":"none","model":{"id":"mcr/default","display_name":"mistral-medium-3-5 (mistral)"}}' >"$work/status.json"
statusline() { in_a_new_shell mcr statusline <"$work/status.json"; }
ok statusline
says "mistral-medium-3-5"

step "7: a change needs no restart"
ok mcr model default mistral,mistral-small-2603
moved() { mcr status | grep -q 'route default  *mistral,mistral-small-2603'; }
for _ in $(seq 100); do if moved; then break; fi; sleep 0.1; done
moved
asks in_a_new_shell claude
ok mcr logs
says "model=mistral-small-2603"
ok mcr restart
asks in_a_new_shell claude
ok mcr model default mistral,mistral-medium-3-5

step "8: a key that is missing is named with the command that sets it"
fails env -u MISTRAL_API_KEY mcr code -p "How is the sea?"
says "export MISTRAL_API_KEY="

step "8: what was there before a change is kept"
ls "$config".*.bak >/dev/null

step "7: back to how it was"
undone() { in_a_new_shell bash -c 'eval "$(mcr deactivate)"; echo "base=${ANTHROPIC_BASE_URL:-none}"'; }
ok undone
says "base=none"
ok mcr stop
for preset in mistral-cloud mistral-ollama mistral-lm-studio; do ok mcr preset delete "$preset" --yes; done

step "the guide works"
