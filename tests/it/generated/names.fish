
# Names that only this machine knows: presets, models, keys. `mcr __complete` says whether they are all there is.
function __fish_mcr_names
    set -l words (commandline -opc)
    set -g __fish_mcr_found (command $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    test "$__fish_mcr_found[1]" = "$argv[1]"
end

complete -c mcr -n "__fish_mcr_names only" -f -a '$__fish_mcr_found[2..-1]'
complete -c mcr -n "__fish_mcr_names also" -a '$__fish_mcr_found[2..-1]'
