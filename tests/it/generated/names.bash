
# Names that only this machine knows: presets, models, keys. `mcr __complete` says whether they are all there is.
_mcr_and_names() {
    _mcr "$@"
    local IFS=$' \t\n' line="${COMP_LINE:0:COMP_POINT}" known="" name
    local -a words found=() kept=()
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    # Bash takes words apart at colons, and wants what is behind the last one.
    local begun="${words[${#words[@]}-1]}"
    local before="${begun%"$2"}"
    while IFS= read -r name; do
        if [[ -z $known ]]; then known=$name; else found+=("${name#"$before"}"); fi
    done < <(command "${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    [[ -n $known ]] || return 0
    if [[ $known == also ]]; then
        for name in ${COMPREPLY[@]+"${COMPREPLY[@]}"}; do
            [[ $name == [-\<[]* ]] || kept+=("$name")
        done
    fi
    # An empty list is an unset one to older versions.
    COMPREPLY=(${kept[@]+"${kept[@]}"} ${found[@]+"${found[@]}"})
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _mcr_and_names -o nosort -o bashdefault -o default mcr
else
    complete -F _mcr_and_names -o bashdefault -o default mcr
fi
