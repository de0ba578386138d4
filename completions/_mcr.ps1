
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'mcr' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'mcr'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'mcr' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--max-cost', '--max-cost', [CompletionResultType]::ParameterName, 'Refuse what would cost more in this run of Claude Code, such as 5, 5EUR or ''$5''')
            [CompletionResult]::new('--trace-bodies', '--trace-bodies', [CompletionResultType]::ParameterName, 'Append every body, of requests and of the upstream''s answers, to this file, for its owner only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing when Claude Code ends')
            [CompletionResult]::new('--sealed', '--sealed', [CompletionResultType]::ParameterName, 'Run Claude Code, and all that it starts, where mcr is the only way to the network (Linux)')
            [CompletionResult]::new('--offline-only', '--offline-only', [CompletionResultType]::ParameterName, 'Let nothing leave this machine and its network, whatever the configuration allows')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('code', 'code', [CompletionResultType]::ParameterValue, 'Run Claude Code on the configured models; every argument goes to Claude Code as it is')
            [CompletionResult]::new('setup', 'setup', [CompletionResultType]::ParameterValue, 'Answer a few questions and get a configuration: at Mistral''s EU endpoint, on this machine, or both')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start the background service, for clients that are started elsewhere')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop the background service, once the answers in progress have ended')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop the background service and start it anew, with the options it had and those given')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show whether the background service runs, and with what; 1 when it does not')
            [CompletionResult]::new('breaker', 'breaker', [CompletionResultType]::ParameterValue, 'Ask targets again that the background service leaves alone')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Print the log of the background service')
            [CompletionResult]::new('activate', 'activate', [CompletionResultType]::ParameterValue, 'Print what makes `claude` in this shell speak to the service; the shell must take it in')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print what makes `claude` in this shell speak to the service; the shell must take it in')
            [CompletionResult]::new('deactivate', 'deactivate', [CompletionResultType]::ParameterValue, 'Print what undoes `mcr activate` in this shell')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'Let systemd or launchd start the service at login')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Check, show or find the configuration')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Show the routes, or set the model of one; running sessions take a change over')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'Show the models of the configured providers: window, abilities, price, lifecycle, region')
            [CompletionResult]::new('providers', 'providers', [CompletionResultType]::ParameterValue, 'Show who operates a provider, where it works and what it keeps, with sources and dates')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take over the configuration of another program')
            [CompletionResult]::new('preset', 'preset', [CompletionResultType]::ParameterValue, 'Install, show, change and remove presets; `mcr NAME` runs one')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'Keep, list and test the providers'' keys')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find what is wrong with the agent, the configuration, the providers and this machine, and what mends it')
            [CompletionResult]::new('smoke', 'smoke', [CompletionResultType]::ParameterValue, 'Prove that everything works: proxy, agent, a tool call, the log, and where it all went')
            [CompletionResult]::new('usage', 'usage', [CompletionResultType]::ParameterValue, 'Show what was used and what it cost: by day, week, month, session or model')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Show what left this machine, and check that the record of it is what was written')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Tell where traffic went and what is known of whom it went to, for those who have to answer for it')
            [CompletionResult]::new('egress', 'egress', [CompletionResultType]::ParameterValue, 'Show whom mcr may speak to, and change it')
            [CompletionResult]::new('statusline', 'statusline', [CompletionResultType]::ParameterValue, 'Print a status line from the JSON that Claude Code gives on stdin')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completions, which know installed presets and configured models too')
            break
        }
        'mcr;code' {
            break
        }
        'mcr;setup' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;start' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Listen on this port instead of the configured one; 0 takes a free one')
            [CompletionResult]::new('--trace-bodies', '--trace-bodies', [CompletionResultType]::ParameterName, 'Append every body, of requests and of the upstream''s answers, to this file, for its owner only')
            [CompletionResult]::new('--foreground', '--foreground', [CompletionResultType]::ParameterName, 'Stay in the foreground until interrupted')
            [CompletionResult]::new('--detached', '--detached', [CompletionResultType]::ParameterName, 'Leave the terminal; what mcr starts itself with')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;stop' {
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Give answers in progress up')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;restart' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Listen on this port instead of the configured one; 0 takes a free one')
            [CompletionResult]::new('--trace-bodies', '--trace-bodies', [CompletionResultType]::ParameterName, 'Append every body, of requests and of the upstream''s answers, to this file, for its owner only')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;status' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;breaker' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Ask a target that is left alone again at once, or all of them')
            break
        }
        'mcr;breaker;reset' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;logs' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Begin with the last N lines')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Begin with the last N lines')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on printing what is written')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on printing what is written')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Print the file''s path instead')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;activate' {
            [CompletionResult]::new('--preset', '--preset', [CompletionResultType]::ParameterName, 'Use this preset instead of the configuration')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;env' {
            [CompletionResult]::new('--preset', '--preset', [CompletionResultType]::ParameterName, 'Use this preset instead of the configuration')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;deactivate' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;service' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Write the unit that starts the service at login')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Take the unit away')
            break
        }
        'mcr;service;install' {
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the unit and write nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;service;uninstall' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;config' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Report all problems of the configuration')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every value and where it comes from, with secrets masked')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the path of the configuration file')
            break
        }
        'mcr;config;check' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;config;show' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;config;path' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;model' {
            [CompletionResult]::new('--preset', '--preset', [CompletionResultType]::ParameterName, 'Show the routes of this preset')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--unset', '--unset', [CompletionResultType]::ParameterName, 'Take the route away, so that its requests take the next that fits')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Add a model to its provider''s list that is not in it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the routes as JSON, and ask nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;models' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--refresh', '--refresh', [CompletionResultType]::ParameterName, 'Ask the providers now')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;providers' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use the facts beside this configuration file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;import' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('ccr', 'ccr', [CompletionResultType]::ParameterValue, 'Take over claude-code-router 2''s configuration, presets and keys; its folder stays as it is')
            [CompletionResult]::new('keeptrusts', 'keeptrusts', [CompletionResultType]::ParameterValue, 'Take over the targets of a Keeptrusts gateway from its policy-config.yaml, which stays as it is')
            break
        }
        'mcr;import;ccr' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Read this folder instead of ~/.claude-code-router')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Say what becomes of keys in clear; left out, you are asked, or they are stored without a terminal')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Report what would be done, ask nothing and write nothing')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace mcr''s configuration and presets of the same names; a copy of each stays beside it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON, and ask nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;import;keeptrusts' {
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Report what would be done, ask nothing and write nothing')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace mcr''s configuration; a copy stays beside it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON, and ask nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Install a preset from a folder, an archive, an address or mcr itself')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List installed presets')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Show what a preset is, asks and does')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every value of the configuration that a preset makes, with secrets masked')
            [CompletionResult]::new('reconfigure', 'reconfigure', [CompletionResultType]::ParameterValue, 'Answer the questions of an installed preset again')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the configuration as a preset that can be given away')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Remove a preset and the keys that were stored for it')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove a preset and the keys that were stored for it')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a preset and the keys that were stored for it')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check a preset without installing it')
            break
        }
        'mcr;preset;install' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Call the preset this; its own name by default')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Answer a question (can be repeated)')
            [CompletionResult]::new('--sha256', '--sha256', [CompletionResultType]::ParameterName, 'Refuse an archive with another checksum; needed for addresses')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree to what the preset does, and take defaults where there are any')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done and do nothing')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a preset of that name')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;list' {
            [CompletionResult]::new('--built-in', '--built-in', [CompletionResultType]::ParameterName, 'List the presets that mcr carries')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;info' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;show' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;reconfigure' {
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Answer a question (can be repeated)')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree to what the preset does, and take defaults where there are any')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;export' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write it here; a folder of its name by default')
            [CompletionResult]::new('--description', '--description', [CompletionResultType]::ParameterName, 'Say what it is for')
            [CompletionResult]::new('--author', '--author', [CompletionResultType]::ParameterName, 'Say who made it')
            [CompletionResult]::new('--tags', '--tags', [CompletionResultType]::ParameterName, 'Words to find it by, with commas between them')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace the folder')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;delete' {
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;rm' {
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;remove' {
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;preset;validate' {
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Answer a question (can be repeated)')
            [CompletionResult]::new('--sha256', '--sha256', [CompletionResultType]::ParameterName, 'Refuse an archive with another checksum; needed for addresses')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;key' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Keep a key in mcr''s store; asks for it, and never takes it from the command line')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the stored keys'' names, days, hosts and users, never the keys')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove a key from the store')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Ask each provider for its models with its key; 0 when all work, 77 refused, 69 unavailable, 78 no key')
            break
        }
        'mcr;key;set' {
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Bind the key to this host (can be repeated); left out, the hosts it has, or its providers''')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--from-stdin', '--from-stdin', [CompletionResultType]::ParameterName, 'Read the key from stdin instead of asking')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;key;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;key;rm' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;key;test' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;doctor' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Mend what can be mended without losing anything; the configuration before is kept')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Look at this machine only')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;smoke' {
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Use the imitation of Mistral inside this binary: no key, no network')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the checks as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;usage' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was before this day, such as 2026-11-01')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Print CSV')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;audit' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Print the last records')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what was recorded, a line each')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that the record is what was written; 65 when it is not')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print all records for another program')
            [CompletionResult]::new('checkpoint', 'checkpoint', [CompletionResultType]::ParameterValue, 'Sign what is there, and print what to keep elsewhere')
            [CompletionResult]::new('purge', 'purge', [CompletionResultType]::ParameterValue, 'Take old months away, and leave signed what they were')
            break
        }
        'mcr;audit;tail' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many records')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'How many records')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with what comes')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what comes')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, a line each')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;audit;show' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what is older, such as 24h, 7d or 2026-11-01')
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'Only this kind (can be repeated)')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Only this session: its digest, its beginning, or its id')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Only this host')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;audit;verify' {
            [CompletionResult]::new('--anchor', '--anchor', [CompletionResultType]::ParameterName, 'A checkpoint''s hash that was kept elsewhere, or the file that `mcr audit checkpoint` wrote (can be repeated)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;audit;export' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'What is printed')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what is older, such as 24h, 7d or 2026-11-01')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;audit;checkpoint' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;audit;purge' {
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Take away months of which every day is older; `Audit.retention_days` by default')
            [CompletionResult]::new('--before', '--before', [CompletionResultType]::ParameterName, 'Take away the months before this one, such as 2026-11')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Take it away without asking')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;report' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('egress', 'egress', [CompletionResultType]::ParameterValue, 'Show which hosts were spoken to, what was denied, and that the guard still denies')
            [CompletionResult]::new('ropa', 'ropa', [CompletionResultType]::ParameterValue, 'Fill the record of processing activities: Art. 30(1) GDPR, fields a to g')
            [CompletionResult]::new('dpia', 'dpia', [CompletionResultType]::ParameterValue, 'Gather what a data protection impact assessment needs: Art. 35(7) GDPR')
            [CompletionResult]::new('providers', 'providers', [CompletionResultType]::ParameterValue, 'Show what is known of every provider, with dates and sources')
            [CompletionResult]::new('nis2', 'nis2', [CompletionResultType]::ParameterValue, 'Fill a sheet for each supplier: Art. 21(2)(d) and (3) of the NIS2 directive')
            [CompletionResult]::new('example', 'example', [CompletionResultType]::ParameterValue, 'Print a report.json to begin with, and say where it belongs')
            break
        }
        'mcr;report;egress' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was before, such as 24h, 7d, 2026-11-01')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to this file, for its owner only, instead of stdout')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;report;ropa' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was before, such as 24h, 7d, 2026-11-01')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to this file, for its owner only, instead of stdout')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;report;dpia' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was before, such as 24h, 7d, 2026-11-01')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to this file, for its owner only, instead of stdout')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;report;providers' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was before, such as 24h, 7d, 2026-11-01')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to this file, for its owner only, instead of stdout')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;report;nis2' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was before, such as 24h, 7d, 2026-11-01')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write to this file, for its owner only, instead of stdout')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcr;report;example' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;egress' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what is decided of every configured target, and why')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say whether a host would be spoken to; 77 when not')
            [CompletionResult]::new('allow', 'allow', [CompletionResultType]::ParameterValue, 'Vouch for a host, so that it may be spoken to')
            [CompletionResult]::new('deny', 'deny', [CompletionResultType]::ParameterValue, 'Take that back, or forbid a host that would be spoken to')
            [CompletionResult]::new('use-eu', 'use-eu', [CompletionResultType]::ParameterValue, 'Change providers from an endpoint that promises no place to the same provider''s in the EU')
            break
        }
        'mcr;egress;show' {
            [CompletionResult]::new('--preset', '--preset', [CompletionResultType]::ParameterName, 'Show the targets of this preset, under its own rules as well')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;egress;check' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;egress;allow' {
            [CompletionResult]::new('--operator', '--operator', [CompletionResultType]::ParameterName, 'Who operates it; what the catalogue knows by default')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why it may be spoken to')
            [CompletionResult]::new('--country', '--country', [CompletionResultType]::ParameterName, 'The operator''s country, in two letters')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'Where the host promises to work: EU, a country''s two letters, global')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('--private', '--private', [CompletionResultType]::ParameterName, 'Its name has to lead into this machine''s network, and nowhere else')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;egress;deny' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;egress;use-eu' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this configuration file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;statusline' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print every variable with its value as JSON instead')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mcr;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
