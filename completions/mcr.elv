
use builtin;
use str;

set edit:completion:arg-completer[mcr] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'mcr'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'mcr'= {
            cand --config 'Use this configuration file'
            cand --max-cost 'Refuse what would cost more in this run of Claude Code, such as 5, 5EUR or ''$5'''
            cand --trace-bodies 'Append every body, of requests and of the upstream''s answers, to this file, for its owner only'
            cand --quiet 'Say nothing when Claude Code ends'
            cand --sealed 'Run Claude Code, and all that it starts, where mcr is the only way to the network (Linux)'
            cand --offline-only 'Let nothing leave this machine and its network, whatever the configuration allows'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand code 'Run Claude Code on the configured models; every argument goes to Claude Code as it is'
            cand setup 'Answer a few questions and get a configuration: at Mistral''s EU endpoint, on this machine, or both'
            cand start 'Start the background service, for clients that are started elsewhere'
            cand stop 'Stop the background service, once the answers in progress have ended'
            cand restart 'Stop the background service and start it anew, with the options it had and those given'
            cand status 'Show whether the background service runs, and with what; 1 when it does not'
            cand breaker 'Ask targets again that the background service leaves alone'
            cand logs 'Print the log of the background service'
            cand activate 'Print what makes `claude` in this shell speak to the service; the shell must take it in'
            cand env 'Print what makes `claude` in this shell speak to the service; the shell must take it in'
            cand deactivate 'Print what undoes `mcr activate` in this shell'
            cand service 'Let systemd or launchd start the service at login'
            cand config 'Check, show or find the configuration'
            cand model 'Show the routes, or set the model of one; running sessions take a change over'
            cand models 'Show the models of the configured providers: window, abilities, price, lifecycle, region'
            cand providers 'Show who operates a provider, where it works and what it keeps, with sources and dates'
            cand import 'Take over the configuration of another program'
            cand preset 'Install, show, change and remove presets; `mcr NAME` runs one'
            cand key 'Keep, list and test the providers'' keys'
            cand doctor 'Find what is wrong with the agent, the configuration, the providers and this machine, and what mends it'
            cand smoke 'Prove that everything works: proxy, agent, a tool call, the log, and where it all went'
            cand usage 'Show what was used and what it cost: by day, week, month, session or model'
            cand audit 'Show what left this machine, and check that the record of it is what was written'
            cand report 'Tell where traffic went and what is known of whom it went to, for those who have to answer for it'
            cand egress 'Show whom mcr may speak to, and change it'
            cand statusline 'Print a status line from the JSON that Claude Code gives on stdin'
            cand completions 'Print a shell''s completions, which know installed presets and configured models too'
        }
        &'mcr;code'= {
        }
        &'mcr;setup'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;start'= {
            cand --config 'Use this configuration file'
            cand --port 'Listen on this port instead of the configured one; 0 takes a free one'
            cand --trace-bodies 'Append every body, of requests and of the upstream''s answers, to this file, for its owner only'
            cand --foreground 'Stay in the foreground until interrupted'
            cand --detached 'Leave the terminal; what mcr starts itself with'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;stop'= {
            cand --now 'Give answers in progress up'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;restart'= {
            cand --config 'Use this configuration file'
            cand --port 'Listen on this port instead of the configured one; 0 takes a free one'
            cand --trace-bodies 'Append every body, of requests and of the upstream''s answers, to this file, for its owner only'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;status'= {
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;breaker'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand reset 'Ask a target that is left alone again at once, or all of them'
        }
        &'mcr;breaker;reset'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;logs'= {
            cand -n 'Begin with the last N lines'
            cand --lines 'Begin with the last N lines'
            cand -f 'Go on printing what is written'
            cand --follow 'Go on printing what is written'
            cand --path 'Print the file''s path instead'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;activate'= {
            cand --preset 'Use this preset instead of the configuration'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;env'= {
            cand --preset 'Use this preset instead of the configuration'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;deactivate'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;service'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand install 'Write the unit that starts the service at login'
            cand uninstall 'Take the unit away'
        }
        &'mcr;service;install'= {
            cand --dry-run 'Print the unit and write nothing'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;service;uninstall'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;config'= {
            cand --config 'Use this configuration file'
            cand -h 'Print help'
            cand --help 'Print help'
            cand check 'Report all problems of the configuration'
            cand show 'Show every value and where it comes from, with secrets masked'
            cand path 'Print the path of the configuration file'
        }
        &'mcr;config;check'= {
            cand --config 'Use this configuration file'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;config;show'= {
            cand --config 'Use this configuration file'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;config;path'= {
            cand --config 'Use this configuration file'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;model'= {
            cand --preset 'Show the routes of this preset'
            cand --config 'Use this configuration file'
            cand --unset 'Take the route away, so that its requests take the next that fits'
            cand --add 'Add a model to its provider''s list that is not in it'
            cand --json 'Print the routes as JSON, and ask nothing'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;models'= {
            cand --config 'Use this configuration file'
            cand --refresh 'Ask the providers now'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;providers'= {
            cand --config 'Use the facts beside this configuration file'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;import'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand ccr 'Take over claude-code-router 2''s configuration, presets and keys; its folder stays as it is'
            cand keeptrusts 'Take over the targets of a Keeptrusts gateway from its policy-config.yaml, which stays as it is'
        }
        &'mcr;import;ccr'= {
            cand --from 'Read this folder instead of ~/.claude-code-router'
            cand --keys 'Say what becomes of keys in clear; left out, you are asked, or they are stored without a terminal'
            cand --dry-run 'Report what would be done, ask nothing and write nothing'
            cand --force 'Replace mcr''s configuration and presets of the same names; a copy of each stays beside it'
            cand --json 'Print the report as JSON, and ask nothing'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;import;keeptrusts'= {
            cand --dry-run 'Report what would be done, ask nothing and write nothing'
            cand --force 'Replace mcr''s configuration; a copy stays beside it'
            cand --json 'Print the report as JSON, and ask nothing'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand install 'Install a preset from a folder, an archive, an address or mcr itself'
            cand list 'List installed presets'
            cand info 'Show what a preset is, asks and does'
            cand show 'Show every value of the configuration that a preset makes, with secrets masked'
            cand reconfigure 'Answer the questions of an installed preset again'
            cand export 'Write the configuration as a preset that can be given away'
            cand delete 'Remove a preset and the keys that were stored for it'
            cand rm 'Remove a preset and the keys that were stored for it'
            cand remove 'Remove a preset and the keys that were stored for it'
            cand validate 'Check a preset without installing it'
        }
        &'mcr;preset;install'= {
            cand --name 'Call the preset this; its own name by default'
            cand --set 'Answer a question (can be repeated)'
            cand --sha256 'Refuse an archive with another checksum; needed for addresses'
            cand --yes 'Agree to what the preset does, and take defaults where there are any'
            cand --dry-run 'Show what would be done and do nothing'
            cand --force 'Replace a preset of that name'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;list'= {
            cand --built-in 'List the presets that mcr carries'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;info'= {
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;show'= {
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;reconfigure'= {
            cand --set 'Answer a question (can be repeated)'
            cand --yes 'Agree to what the preset does, and take defaults where there are any'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;export'= {
            cand --output 'Write it here; a folder of its name by default'
            cand --description 'Say what it is for'
            cand --author 'Say who made it'
            cand --tags 'Words to find it by, with commas between them'
            cand --force 'Replace the folder'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;delete'= {
            cand --yes 'Do not ask'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;rm'= {
            cand --yes 'Do not ask'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;remove'= {
            cand --yes 'Do not ask'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;preset;validate'= {
            cand --set 'Answer a question (can be repeated)'
            cand --sha256 'Refuse an archive with another checksum; needed for addresses'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;key'= {
            cand --config 'Use this configuration file'
            cand -h 'Print help'
            cand --help 'Print help'
            cand set 'Keep a key in mcr''s store; asks for it, and never takes it from the command line'
            cand list 'List the stored keys'' names, days, hosts and users, never the keys'
            cand rm 'Remove a key from the store'
            cand test 'Ask each provider for its models with its key; 0 when all work, 77 refused, 69 unavailable, 78 no key'
        }
        &'mcr;key;set'= {
            cand --host 'Bind the key to this host (can be repeated); left out, the hosts it has, or its providers'''
            cand --config 'Use this configuration file'
            cand --from-stdin 'Read the key from stdin instead of asking'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;key;list'= {
            cand --config 'Use this configuration file'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;key;rm'= {
            cand --config 'Use this configuration file'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;key;test'= {
            cand --config 'Use this configuration file'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;doctor'= {
            cand --json 'Print JSON'
            cand --fix 'Mend what can be mended without losing anything; the configuration before is kept'
            cand --offline 'Look at this machine only'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;smoke'= {
            cand --offline 'Use the imitation of Mistral inside this binary: no key, no network'
            cand --json 'Print the checks as JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;usage'= {
            cand --since 'Leave out what was before this day, such as 2026-11-01'
            cand --json 'Print JSON'
            cand --csv 'Print CSV'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;audit'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand tail 'Print the last records'
            cand show 'Show what was recorded, a line each'
            cand verify 'Check that the record is what was written; 65 when it is not'
            cand export 'Print all records for another program'
            cand checkpoint 'Sign what is there, and print what to keep elsewhere'
            cand purge 'Take old months away, and leave signed what they were'
        }
        &'mcr;audit;tail'= {
            cand -n 'How many records'
            cand --lines 'How many records'
            cand -f 'Go on with what comes'
            cand --follow 'Go on with what comes'
            cand --json 'Print JSON, a line each'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;audit;show'= {
            cand --since 'Leave out what is older, such as 24h, 7d or 2026-11-01'
            cand --kind 'Only this kind (can be repeated)'
            cand --session 'Only this session: its digest, its beginning, or its id'
            cand --host 'Only this host'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;audit;verify'= {
            cand --anchor 'A checkpoint''s hash that was kept elsewhere, or the file that `mcr audit checkpoint` wrote (can be repeated)'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;audit;export'= {
            cand --format 'What is printed'
            cand --since 'Leave out what is older, such as 24h, 7d or 2026-11-01'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;audit;checkpoint'= {
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;audit;purge'= {
            cand --older-than 'Take away months of which every day is older; `Audit.retention_days` by default'
            cand --before 'Take away the months before this one, such as 2026-11'
            cand --yes 'Take it away without asking'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;report'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand egress 'Show which hosts were spoken to, what was denied, and that the guard still denies'
            cand ropa 'Fill the record of processing activities: Art. 30(1) GDPR, fields a to g'
            cand dpia 'Gather what a data protection impact assessment needs: Art. 35(7) GDPR'
            cand providers 'Show what is known of every provider, with dates and sources'
            cand nis2 'Fill a sheet for each supplier: Art. 21(2)(d) and (3) of the NIS2 directive'
            cand example 'Print a report.json to begin with, and say where it belongs'
        }
        &'mcr;report;egress'= {
            cand --since 'Leave out what was before, such as 24h, 7d, 2026-11-01'
            cand --format 'The form'
            cand --output 'Write to this file, for its owner only, instead of stdout'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;report;ropa'= {
            cand --since 'Leave out what was before, such as 24h, 7d, 2026-11-01'
            cand --format 'The form'
            cand --output 'Write to this file, for its owner only, instead of stdout'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;report;dpia'= {
            cand --since 'Leave out what was before, such as 24h, 7d, 2026-11-01'
            cand --format 'The form'
            cand --output 'Write to this file, for its owner only, instead of stdout'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;report;providers'= {
            cand --since 'Leave out what was before, such as 24h, 7d, 2026-11-01'
            cand --format 'The form'
            cand --output 'Write to this file, for its owner only, instead of stdout'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;report;nis2'= {
            cand --since 'Leave out what was before, such as 24h, 7d, 2026-11-01'
            cand --format 'The form'
            cand --output 'Write to this file, for its owner only, instead of stdout'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'mcr;report;example'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;egress'= {
            cand --config 'Use this configuration file'
            cand -h 'Print help'
            cand --help 'Print help'
            cand show 'Show what is decided of every configured target, and why'
            cand check 'Say whether a host would be spoken to; 77 when not'
            cand allow 'Vouch for a host, so that it may be spoken to'
            cand deny 'Take that back, or forbid a host that would be spoken to'
            cand use-eu 'Change providers from an endpoint that promises no place to the same provider''s in the EU'
        }
        &'mcr;egress;show'= {
            cand --preset 'Show the targets of this preset, under its own rules as well'
            cand --config 'Use this configuration file'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;egress;check'= {
            cand --config 'Use this configuration file'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;egress;allow'= {
            cand --operator 'Who operates it; what the catalogue knows by default'
            cand --reason 'Why it may be spoken to'
            cand --country 'The operator''s country, in two letters'
            cand --region 'Where the host promises to work: EU, a country''s two letters, global'
            cand --config 'Use this configuration file'
            cand --private 'Its name has to lead into this machine''s network, and nowhere else'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;egress;deny'= {
            cand --config 'Use this configuration file'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;egress;use-eu'= {
            cand --config 'Use this configuration file'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;statusline'= {
            cand --json 'Print every variable with its value as JSON instead'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mcr;completions'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
