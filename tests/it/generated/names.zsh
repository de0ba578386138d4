# Names that only this machine knows: presets, models, keys. `mcr __complete` says whether they are all there is.
zmodload -i zsh/parameter
functions[_mcr_commands_and_options]=$functions[_mcr]

_mcr() {
    local -a names
    names=("${(@f)$(command "${words[1]}" __complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    local known=$names[1]
    if [[ -n $known ]]; then
        compadd -a 'names[2,-1]'
        [[ $known == only ]] && return 0
    fi
    _mcr_commands_and_options "$@" || [[ -n $known ]]
}

