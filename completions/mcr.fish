# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mcr_global_optspecs
    string join \n config= quiet max-cost= sealed offline-only trace-bodies= h/help V/version
end

function __fish_mcr_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mcr_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mcr_using_subcommand
    set -l cmd (__fish_mcr_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mcr -n "__fish_mcr_needs_command" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_needs_command" -l max-cost -d 'Refuse what would cost more in this run of Claude Code, such as 5, 5EUR or \'$5\'' -r
complete -c mcr -n "__fish_mcr_needs_command" -l trace-bodies -d 'Append every body, of requests and of the upstream\'s answers, to this file, for its owner only' -r -F
complete -c mcr -n "__fish_mcr_needs_command" -l quiet -d 'Say nothing when Claude Code ends'
complete -c mcr -n "__fish_mcr_needs_command" -l sealed -d 'Run Claude Code, and all that it starts, where mcr is the only way to the network (Linux)'
complete -c mcr -n "__fish_mcr_needs_command" -l offline-only -d 'Let nothing leave this machine and its network, whatever the configuration allows'
complete -c mcr -n "__fish_mcr_needs_command" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_needs_command" -s V -l version -d 'Print version'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "code" -d 'Run Claude Code on the configured models; every argument goes to Claude Code as it is'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "setup" -d 'Answer a few questions and get a configuration: at Mistral\'s EU endpoint, on this machine, or both'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "start" -d 'Start the background service, for clients that are started elsewhere'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "stop" -d 'Stop the background service, once the answers in progress have ended'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "restart" -d 'Stop the background service and start it anew, with the options it had and those given'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "status" -d 'Show whether the background service runs, and with what; 1 when it does not'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "breaker" -d 'Ask targets again that the background service leaves alone'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "logs" -d 'Print the log of the background service'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "activate" -d 'Print what makes `claude` in this shell speak to the service; the shell must take it in'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "env" -d 'Print what makes `claude` in this shell speak to the service; the shell must take it in'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "deactivate" -d 'Print what undoes `mcr activate` in this shell'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "service" -d 'Let systemd or launchd start the service at login'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "config" -d 'Check, show or find the configuration'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "model" -d 'Show the routes, or set the model of one; running sessions take a change over'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "models" -d 'Show the models of the configured providers: window, abilities, price, lifecycle, region'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "providers" -d 'Show who operates a provider, where it works and what it keeps, with sources and dates'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "import" -d 'Take over the configuration of another program'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "preset" -d 'Install, show, change and remove presets; `mcr NAME` runs one'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "key" -d 'Keep, list and test the providers\' keys'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "doctor" -d 'Find what is wrong with the agent, the configuration, the providers and this machine, and what mends it'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "smoke" -d 'Prove that everything works: proxy, agent, a tool call, the log, and where it all went'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "usage" -d 'Show what was used and what it cost: by day, week, month, session or model'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "audit" -d 'Show what left this machine, and check that the record of it is what was written'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "report" -d 'Tell where traffic went and what is known of whom it went to, for those who have to answer for it'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "egress" -d 'Show whom mcr may speak to, and change it'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "statusline" -d 'Print a status line from the JSON that Claude Code gives on stdin'
complete -c mcr -n "__fish_mcr_needs_command" -f -a "completions" -d 'Print a shell\'s completions, which know installed presets and configured models too'
complete -c mcr -n "__fish_mcr_using_subcommand setup" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand start" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand start" -l port -d 'Listen on this port instead of the configured one; 0 takes a free one' -r
complete -c mcr -n "__fish_mcr_using_subcommand start" -l trace-bodies -d 'Append every body, of requests and of the upstream\'s answers, to this file, for its owner only' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand start" -l foreground -d 'Stay in the foreground until interrupted'
complete -c mcr -n "__fish_mcr_using_subcommand start" -l detached -d 'Leave the terminal; what mcr starts itself with'
complete -c mcr -n "__fish_mcr_using_subcommand start" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand stop" -l now -d 'Give answers in progress up'
complete -c mcr -n "__fish_mcr_using_subcommand stop" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand restart" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand restart" -l port -d 'Listen on this port instead of the configured one; 0 takes a free one' -r
complete -c mcr -n "__fish_mcr_using_subcommand restart" -l trace-bodies -d 'Append every body, of requests and of the upstream\'s answers, to this file, for its owner only' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand restart" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand status" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand status" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand breaker; and not __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand breaker; and not __fish_seen_subcommand_from reset" -f -a "reset" -d 'Ask a target that is left alone again at once, or all of them'
complete -c mcr -n "__fish_mcr_using_subcommand breaker; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand logs" -s n -l lines -d 'Begin with the last N lines' -r
complete -c mcr -n "__fish_mcr_using_subcommand logs" -s f -l follow -d 'Go on printing what is written'
complete -c mcr -n "__fish_mcr_using_subcommand logs" -l path -d 'Print the file\'s path instead'
complete -c mcr -n "__fish_mcr_using_subcommand logs" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand activate" -l preset -d 'Use this preset instead of the configuration' -r
complete -c mcr -n "__fish_mcr_using_subcommand activate" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand env" -l preset -d 'Use this preset instead of the configuration' -r
complete -c mcr -n "__fish_mcr_using_subcommand env" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand deactivate" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand service; and not __fish_seen_subcommand_from install uninstall" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand service; and not __fish_seen_subcommand_from install uninstall" -f -a "install" -d 'Write the unit that starts the service at login'
complete -c mcr -n "__fish_mcr_using_subcommand service; and not __fish_seen_subcommand_from install uninstall" -f -a "uninstall" -d 'Take the unit away'
complete -c mcr -n "__fish_mcr_using_subcommand service; and __fish_seen_subcommand_from install" -l dry-run -d 'Print the unit and write nothing'
complete -c mcr -n "__fish_mcr_using_subcommand service; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand config; and not __fish_seen_subcommand_from check show path" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand config; and not __fish_seen_subcommand_from check show path" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand config; and not __fish_seen_subcommand_from check show path" -f -a "check" -d 'Report all problems of the configuration'
complete -c mcr -n "__fish_mcr_using_subcommand config; and not __fish_seen_subcommand_from check show path" -f -a "show" -d 'Show every value and where it comes from, with secrets masked'
complete -c mcr -n "__fish_mcr_using_subcommand config; and not __fish_seen_subcommand_from check show path" -f -a "path" -d 'Print the path of the configuration file'
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand model" -l preset -d 'Show the routes of this preset' -r
complete -c mcr -n "__fish_mcr_using_subcommand model" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand model" -l unset -d 'Take the route away, so that its requests take the next that fits'
complete -c mcr -n "__fish_mcr_using_subcommand model" -l add -d 'Add a model to its provider\'s list that is not in it'
complete -c mcr -n "__fish_mcr_using_subcommand model" -l json -d 'Print the routes as JSON, and ask nothing'
complete -c mcr -n "__fish_mcr_using_subcommand model" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand models" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand models" -l refresh -d 'Ask the providers now'
complete -c mcr -n "__fish_mcr_using_subcommand models" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand models" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand providers" -l config -d 'Use the facts beside this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand providers" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand providers" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand import; and not __fish_seen_subcommand_from ccr keeptrusts" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand import; and not __fish_seen_subcommand_from ccr keeptrusts" -f -a "ccr" -d 'Take over claude-code-router 2\'s configuration, presets and keys; its folder stays as it is'
complete -c mcr -n "__fish_mcr_using_subcommand import; and not __fish_seen_subcommand_from ccr keeptrusts" -f -a "keeptrusts" -d 'Take over the targets of a Keeptrusts gateway from its policy-config.yaml, which stays as it is'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from ccr" -l from -d 'Read this folder instead of ~/.claude-code-router' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from ccr" -l keys -d 'Say what becomes of keys in clear; left out, you are asked, or they are stored without a terminal' -r -f -a "store\t'They go into mcr\'s store'
drop\t'They stay where they are'"
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from ccr" -l dry-run -d 'Report what would be done, ask nothing and write nothing'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from ccr" -l force -d 'Replace mcr\'s configuration and presets of the same names; a copy of each stays beside it'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from ccr" -l json -d 'Print the report as JSON, and ask nothing'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from ccr" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from keeptrusts" -l dry-run -d 'Report what would be done, ask nothing and write nothing'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from keeptrusts" -l force -d 'Replace mcr\'s configuration; a copy stays beside it'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from keeptrusts" -l json -d 'Print the report as JSON, and ask nothing'
complete -c mcr -n "__fish_mcr_using_subcommand import; and __fish_seen_subcommand_from keeptrusts" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "install" -d 'Install a preset from a folder, an archive, an address or mcr itself'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "list" -d 'List installed presets'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "info" -d 'Show what a preset is, asks and does'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "show" -d 'Show every value of the configuration that a preset makes, with secrets masked'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "reconfigure" -d 'Answer the questions of an installed preset again'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "export" -d 'Write the configuration as a preset that can be given away'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "delete" -d 'Remove a preset and the keys that were stored for it'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "rm" -d 'Remove a preset and the keys that were stored for it'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "remove" -d 'Remove a preset and the keys that were stored for it'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and not __fish_seen_subcommand_from install list info show reconfigure export delete rm remove validate" -f -a "validate" -d 'Check a preset without installing it'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from install" -l name -d 'Call the preset this; its own name by default' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from install" -l set -d 'Answer a question (can be repeated)' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from install" -l sha256 -d 'Refuse an archive with another checksum; needed for addresses' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from install" -l yes -d 'Agree to what the preset does, and take defaults where there are any'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from install" -l dry-run -d 'Show what would be done and do nothing'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from install" -l force -d 'Replace a preset of that name'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from list" -l built-in -d 'List the presets that mcr carries'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from info" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from reconfigure" -l set -d 'Answer a question (can be repeated)' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from reconfigure" -l yes -d 'Agree to what the preset does, and take defaults where there are any'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from reconfigure" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from export" -l output -d 'Write it here; a folder of its name by default' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from export" -l description -d 'Say what it is for' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from export" -l author -d 'Say who made it' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from export" -l tags -d 'Words to find it by, with commas between them' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from export" -l force -d 'Replace the folder'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from delete" -l yes -d 'Do not ask'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from rm" -l yes -d 'Do not ask'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from remove" -l yes -d 'Do not ask'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from validate" -l set -d 'Answer a question (can be repeated)' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from validate" -l sha256 -d 'Refuse an archive with another checksum; needed for addresses' -r
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from validate" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand preset; and __fish_seen_subcommand_from validate" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand key; and not __fish_seen_subcommand_from set list rm test" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand key; and not __fish_seen_subcommand_from set list rm test" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand key; and not __fish_seen_subcommand_from set list rm test" -f -a "set" -d 'Keep a key in mcr\'s store; asks for it, and never takes it from the command line'
complete -c mcr -n "__fish_mcr_using_subcommand key; and not __fish_seen_subcommand_from set list rm test" -f -a "list" -d 'List the stored keys\' names, days, hosts and users, never the keys'
complete -c mcr -n "__fish_mcr_using_subcommand key; and not __fish_seen_subcommand_from set list rm test" -f -a "rm" -d 'Remove a key from the store'
complete -c mcr -n "__fish_mcr_using_subcommand key; and not __fish_seen_subcommand_from set list rm test" -f -a "test" -d 'Ask each provider for its models with its key; 0 when all work, 77 refused, 69 unavailable, 78 no key'
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from set" -l host -d 'Bind the key to this host (can be repeated); left out, the hosts it has, or its providers\'' -r
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from set" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from set" -l from-stdin -d 'Read the key from stdin instead of asking'
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from list" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from rm" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from test" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from test" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand key; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand doctor" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand doctor" -l fix -d 'Mend what can be mended without losing anything; the configuration before is kept'
complete -c mcr -n "__fish_mcr_using_subcommand doctor" -l offline -d 'Look at this machine only'
complete -c mcr -n "__fish_mcr_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand smoke" -l offline -d 'Use the imitation of Mistral inside this binary: no key, no network'
complete -c mcr -n "__fish_mcr_using_subcommand smoke" -l json -d 'Print the checks as JSON'
complete -c mcr -n "__fish_mcr_using_subcommand smoke" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand usage" -l since -d 'Leave out what was before this day, such as 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand usage" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand usage" -l csv -d 'Print CSV'
complete -c mcr -n "__fish_mcr_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and not __fish_seen_subcommand_from tail show verify export checkpoint purge" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and not __fish_seen_subcommand_from tail show verify export checkpoint purge" -f -a "tail" -d 'Print the last records'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and not __fish_seen_subcommand_from tail show verify export checkpoint purge" -f -a "show" -d 'Show what was recorded, a line each'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and not __fish_seen_subcommand_from tail show verify export checkpoint purge" -f -a "verify" -d 'Check that the record is what was written; 65 when it is not'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and not __fish_seen_subcommand_from tail show verify export checkpoint purge" -f -a "export" -d 'Print all records for another program'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and not __fish_seen_subcommand_from tail show verify export checkpoint purge" -f -a "checkpoint" -d 'Sign what is there, and print what to keep elsewhere'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and not __fish_seen_subcommand_from tail show verify export checkpoint purge" -f -a "purge" -d 'Take old months away, and leave signed what they were'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from tail" -s n -l lines -d 'How many records' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from tail" -s f -l follow -d 'Go on with what comes'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from tail" -l json -d 'Print JSON, a line each'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from tail" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from show" -l since -d 'Leave out what is older, such as 24h, 7d or 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from show" -l kind -d 'Only this kind (can be repeated)' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from show" -l session -d 'Only this session: its digest, its beginning, or its id' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from show" -l host -d 'Only this host' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from verify" -l anchor -d 'A checkpoint\'s hash that was kept elsewhere, or the file that `mcr audit checkpoint` wrote (can be repeated)' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from verify" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from export" -l format -d 'What is printed' -r -f -a "jsonl\t'A JSON object a line'
csv\t'A table for spreadsheets'"
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from export" -l since -d 'Leave out what is older, such as 24h, 7d or 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from checkpoint" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from checkpoint" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from purge" -l older-than -d 'Take away months of which every day is older; `Audit.retention_days` by default' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from purge" -l before -d 'Take away the months before this one, such as 2026-11' -r
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from purge" -l yes -d 'Take it away without asking'
complete -c mcr -n "__fish_mcr_using_subcommand audit; and __fish_seen_subcommand_from purge" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand report; and not __fish_seen_subcommand_from egress ropa dpia providers nis2 example" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand report; and not __fish_seen_subcommand_from egress ropa dpia providers nis2 example" -f -a "egress" -d 'Show which hosts were spoken to, what was denied, and that the guard still denies'
complete -c mcr -n "__fish_mcr_using_subcommand report; and not __fish_seen_subcommand_from egress ropa dpia providers nis2 example" -f -a "ropa" -d 'Fill the record of processing activities: Art. 30(1) GDPR, fields a to g'
complete -c mcr -n "__fish_mcr_using_subcommand report; and not __fish_seen_subcommand_from egress ropa dpia providers nis2 example" -f -a "dpia" -d 'Gather what a data protection impact assessment needs: Art. 35(7) GDPR'
complete -c mcr -n "__fish_mcr_using_subcommand report; and not __fish_seen_subcommand_from egress ropa dpia providers nis2 example" -f -a "providers" -d 'Show what is known of every provider, with dates and sources'
complete -c mcr -n "__fish_mcr_using_subcommand report; and not __fish_seen_subcommand_from egress ropa dpia providers nis2 example" -f -a "nis2" -d 'Fill a sheet for each supplier: Art. 21(2)(d) and (3) of the NIS2 directive'
complete -c mcr -n "__fish_mcr_using_subcommand report; and not __fish_seen_subcommand_from egress ropa dpia providers nis2 example" -f -a "example" -d 'Print a report.json to begin with, and say where it belongs'
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from egress" -l since -d 'Leave out what was before, such as 24h, 7d, 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from egress" -l format -d 'The form' -r -f -a "md\t'Markdown, with a diagram that mermaid draws'
csv\t'The tables as CSV'
json\t'All of it as JSON'
svg\t'The diagram alone, as a picture: of egress, ropa and dpia'"
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from egress" -l output -d 'Write to this file, for its owner only, instead of stdout' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from egress" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from ropa" -l since -d 'Leave out what was before, such as 24h, 7d, 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from ropa" -l format -d 'The form' -r -f -a "md\t'Markdown, with a diagram that mermaid draws'
csv\t'The tables as CSV'
json\t'All of it as JSON'
svg\t'The diagram alone, as a picture: of egress, ropa and dpia'"
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from ropa" -l output -d 'Write to this file, for its owner only, instead of stdout' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from ropa" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from dpia" -l since -d 'Leave out what was before, such as 24h, 7d, 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from dpia" -l format -d 'The form' -r -f -a "md\t'Markdown, with a diagram that mermaid draws'
csv\t'The tables as CSV'
json\t'All of it as JSON'
svg\t'The diagram alone, as a picture: of egress, ropa and dpia'"
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from dpia" -l output -d 'Write to this file, for its owner only, instead of stdout' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from dpia" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from providers" -l since -d 'Leave out what was before, such as 24h, 7d, 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from providers" -l format -d 'The form' -r -f -a "md\t'Markdown, with a diagram that mermaid draws'
csv\t'The tables as CSV'
json\t'All of it as JSON'
svg\t'The diagram alone, as a picture: of egress, ropa and dpia'"
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from providers" -l output -d 'Write to this file, for its owner only, instead of stdout' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from providers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from nis2" -l since -d 'Leave out what was before, such as 24h, 7d, 2026-11-01' -r
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from nis2" -l format -d 'The form' -r -f -a "md\t'Markdown, with a diagram that mermaid draws'
csv\t'The tables as CSV'
json\t'All of it as JSON'
svg\t'The diagram alone, as a picture: of egress, ropa and dpia'"
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from nis2" -l output -d 'Write to this file, for its owner only, instead of stdout' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from nis2" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcr -n "__fish_mcr_using_subcommand report; and __fish_seen_subcommand_from example" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and not __fish_seen_subcommand_from show check allow deny use-eu" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand egress; and not __fish_seen_subcommand_from show check allow deny use-eu" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and not __fish_seen_subcommand_from show check allow deny use-eu" -f -a "show" -d 'Show what is decided of every configured target, and why'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and not __fish_seen_subcommand_from show check allow deny use-eu" -f -a "check" -d 'Say whether a host would be spoken to; 77 when not'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and not __fish_seen_subcommand_from show check allow deny use-eu" -f -a "allow" -d 'Vouch for a host, so that it may be spoken to'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and not __fish_seen_subcommand_from show check allow deny use-eu" -f -a "deny" -d 'Take that back, or forbid a host that would be spoken to'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and not __fish_seen_subcommand_from show check allow deny use-eu" -f -a "use-eu" -d 'Change providers from an endpoint that promises no place to the same provider\'s in the EU'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from show" -l preset -d 'Show the targets of this preset, under its own rules as well' -r
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from show" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from check" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from check" -l json -d 'Print JSON'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from allow" -l operator -d 'Who operates it; what the catalogue knows by default' -r
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from allow" -l reason -d 'Why it may be spoken to' -r
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from allow" -l country -d 'The operator\'s country, in two letters' -r
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from allow" -l region -d 'Where the host promises to work: EU, a country\'s two letters, global' -r
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from allow" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from allow" -l private -d 'Its name has to lead into this machine\'s network, and nowhere else'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from allow" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from deny" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from deny" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from use-eu" -l config -d 'Use this configuration file' -r -F
complete -c mcr -n "__fish_mcr_using_subcommand egress; and __fish_seen_subcommand_from use-eu" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand statusline" -l json -d 'Print every variable with its value as JSON instead'
complete -c mcr -n "__fish_mcr_using_subcommand statusline" -s h -l help -d 'Print help'
complete -c mcr -n "__fish_mcr_using_subcommand completions" -s h -l help -d 'Print help'

# Names that only this machine knows: presets, models, keys. `mcr __complete` says whether they are all there is.
function __fish_mcr_names
    set -l words (commandline -opc)
    set -g __fish_mcr_found (command $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    test "$__fish_mcr_found[1]" = "$argv[1]"
end

complete -c mcr -n "__fish_mcr_names only" -f -a '$__fish_mcr_found[2..-1]'
complete -c mcr -n "__fish_mcr_names also" -a '$__fish_mcr_found[2..-1]'
