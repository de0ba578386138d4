module completions {

  # Claude Code on European and local models
  export extern mcr [
    --config: path            # Use this configuration file
    --quiet                   # Say nothing when Claude Code ends
    --max-cost: string        # Refuse what would cost more in this run of Claude Code, such as 5, 5EUR or '$5'
    --sealed                  # Run Claude Code, and all that it starts, where mcr is the only way to the network (Linux)
    --offline-only            # Let nothing leave this machine and its network, whatever the configuration allows
    --trace-bodies: path      # Append every body, of requests and of the upstream's answers, to this file, for its owner only
    --help(-h)                # Print help
    --version(-V)             # Print version
  ]

  # Run Claude Code on the configured models; every argument goes to Claude Code as it is
  export extern "mcr code" [
    ...arguments: string      # Arguments of Claude Code, verbatim
  ]

  # Answer a few questions and get a configuration: at Mistral's EU endpoint, on this machine, or both
  export extern "mcr setup" [
    --help(-h)                # Print help
  ]

  # Start the background service, for clients that are started elsewhere
  export extern "mcr start" [
    --foreground              # Stay in the foreground until interrupted
    --detached                # Leave the terminal; what mcr starts itself with
    --config: path            # Use this configuration file
    --port: string            # Listen on this port instead of the configured one; 0 takes a free one
    --trace-bodies: path      # Append every body, of requests and of the upstream's answers, to this file, for its owner only
    --help(-h)                # Print help
  ]

  # Stop the background service, once the answers in progress have ended
  export extern "mcr stop" [
    --now                     # Give answers in progress up
    --help(-h)                # Print help
  ]

  # Stop the background service and start it anew, with the options it had and those given
  export extern "mcr restart" [
    --config: path            # Use this configuration file
    --port: string            # Listen on this port instead of the configured one; 0 takes a free one
    --trace-bodies: path      # Append every body, of requests and of the upstream's answers, to this file, for its owner only
    --help(-h)                # Print help
  ]

  # Show whether the background service runs, and with what; 1 when it does not
  export extern "mcr status" [
    --json                    # Print JSON
    --help(-h)                # Print help
  ]

  # Ask targets again that the background service leaves alone
  export extern "mcr breaker" [
    --help(-h)                # Print help
  ]

  # Ask a target that is left alone again at once, or all of them
  export extern "mcr breaker reset" [
    --help(-h)                # Print help
    target?: string           # The target
  ]

  # Print the log of the background service
  export extern "mcr logs" [
    --follow(-f)              # Go on printing what is written
    --lines(-n): string       # Begin with the last N lines
    --path                    # Print the file's path instead
    --help(-h)                # Print help
  ]

  def "nu-complete mcr activate shell" [] {
    [ "bash" "zsh" "fish" "nu" "pwsh" "elvish" "posix" ]
  }

  # Print what makes `claude` in this shell speak to the service; the shell must take it in
  export extern "mcr activate" [
    --preset: string          # Use this preset instead of the configuration
    --help(-h)                # Print help
    shell?: string@"nu-complete mcr activate shell" # The shell that takes it in; left out, the one that runs the command
  ]

  def "nu-complete mcr deactivate shell" [] {
    [ "bash" "zsh" "fish" "nu" "pwsh" "elvish" "posix" ]
  }

  # Print what undoes `mcr activate` in this shell
  export extern "mcr deactivate" [
    --help(-h)                # Print help
    shell?: string@"nu-complete mcr deactivate shell" # The shell that takes it in; left out, the one that runs the command
  ]

  # Let systemd or launchd start the service at login
  export extern "mcr service" [
    --help(-h)                # Print help
  ]

  # Write the unit that starts the service at login
  export extern "mcr service install" [
    --dry-run                 # Print the unit and write nothing
    --help(-h)                # Print help
  ]

  # Take the unit away
  export extern "mcr service uninstall" [
    --help(-h)                # Print help
  ]

  # Check, show or find the configuration
  export extern "mcr config" [
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Report all problems of the configuration
  export extern "mcr config check" [
    --json                    # Print JSON
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Show every value and where it comes from, with secrets masked
  export extern "mcr config show" [
    --json                    # Print JSON
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Print the path of the configuration file
  export extern "mcr config path" [
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Show the routes, or set the model of one; running sessions take a change over
  export extern "mcr model" [
    --unset                   # Take the route away, so that its requests take the next that fits
    --add                     # Add a model to its provider's list that is not in it
    --preset: string          # Show the routes of this preset
    --json                    # Print the routes as JSON, and ask nothing
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    route?: string            # The route
    target?: string           # Where it leads: `provider,model`, `provider/model`, or the id of a model that one provider has
  ]

  # Show the models of the configured providers: window, abilities, price, lifecycle, region
  export extern "mcr models" [
    --refresh                 # Ask the providers now
    --json                    # Print JSON
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    provider?: string         # Only this provider's
  ]

  # Show who operates a provider, where it works and what it keeps, with sources and dates
  export extern "mcr providers" [
    --json                    # Print JSON
    --config: path            # Use the facts beside this configuration file
    --help(-h)                # Print help
    name?: string             # Show this one in full
  ]

  # Take over the configuration of another program
  export extern "mcr import" [
    --help(-h)                # Print help
  ]

  def "nu-complete mcr import ccr keys" [] {
    [ "store" "drop" ]
  }

  # Take over claude-code-router 2's configuration, presets and keys; its folder stays as it is
  export extern "mcr import ccr" [
    --from: path              # Read this folder instead of ~/.claude-code-router
    --dry-run                 # Report what would be done, ask nothing and write nothing
    --force                   # Replace mcr's configuration and presets of the same names; a copy of each stays beside it
    --keys: string@"nu-complete mcr import ccr keys" # Say what becomes of keys in clear; left out, you are asked, or they are stored without a terminal
    --json                    # Print the report as JSON, and ask nothing
    --help(-h)                # Print help (see more with '--help')
  ]

  # Take over the targets of a Keeptrusts gateway from its policy-config.yaml, which stays as it is
  export extern "mcr import keeptrusts" [
    --dry-run                 # Report what would be done, ask nothing and write nothing
    --force                   # Replace mcr's configuration; a copy stays beside it
    --json                    # Print the report as JSON, and ask nothing
    --help(-h)                # Print help
    file: path                # The gateway's policy-config.yaml
  ]

  # Install, show, change and remove presets; `mcr NAME` runs one
  export extern "mcr preset" [
    --help(-h)                # Print help
  ]

  # Install a preset from a folder, an archive, an address or mcr itself
  export extern "mcr preset install" [
    --name: string            # Call the preset this; its own name by default
    --set: string             # Answer a question (can be repeated)
    --yes                     # Agree to what the preset does, and take defaults where there are any
    --dry-run                 # Show what would be done and do nothing
    --force                   # Replace a preset of that name
    --sha256: string          # Refuse an archive with another checksum; needed for addresses
    --help(-h)                # Print help
    source: string            # Where the preset is
  ]

  # List installed presets
  export extern "mcr preset list" [
    --built-in                # List the presets that mcr carries
    --json                    # Print JSON
    --help(-h)                # Print help
  ]

  # Show what a preset is, asks and does
  export extern "mcr preset info" [
    --json                    # Print JSON
    --help(-h)                # Print help
    name: string              # The preset
  ]

  # Show every value of the configuration that a preset makes, with secrets masked
  export extern "mcr preset show" [
    --json                    # Print JSON
    --help(-h)                # Print help
    name: string              # The preset
  ]

  # Answer the questions of an installed preset again
  export extern "mcr preset reconfigure" [
    --set: string             # Answer a question (can be repeated)
    --yes                     # Agree to what the preset does, and take defaults where there are any
    --help(-h)                # Print help
    name: string              # The preset
  ]

  # Write the configuration as a preset that can be given away
  export extern "mcr preset export" [
    --output: path            # Write it here; a folder of its name by default
    --description: string     # Say what it is for
    --author: string          # Say who made it
    --tags: string            # Words to find it by, with commas between them
    --force                   # Replace the folder
    --help(-h)                # Print help
    name: string              # What the preset is called
  ]

  # Remove a preset and the keys that were stored for it
  export extern "mcr preset delete" [
    --yes                     # Do not ask
    --help(-h)                # Print help
    name: string              # The preset
  ]

  # Check a preset without installing it
  export extern "mcr preset validate" [
    --set: string             # Answer a question (can be repeated)
    --sha256: string          # Refuse an archive with another checksum; needed for addresses
    --json                    # Print JSON
    --help(-h)                # Print help
    source: string            # Where the preset is
  ]

  # Keep, list and test the providers' keys
  export extern "mcr key" [
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Keep a key in mcr's store; asks for it, and never takes it from the command line
  export extern "mcr key set" [
    --host: string            # Bind the key to this host (can be repeated); left out, the hosts it has, or its providers'
    --from-stdin              # Read the key from stdin instead of asking
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    name: string              # The key's name, such as `mistral`
  ]

  # List the stored keys' names, days, hosts and users, never the keys
  export extern "mcr key list" [
    --json                    # Print JSON
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Remove a key from the store
  export extern "mcr key rm" [
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    name: string              # The key's name
  ]

  # Ask each provider for its models with its key; 0 when all work, 77 refused, 69 unavailable, 78 no key
  export extern "mcr key test" [
    --json                    # Print JSON
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    provider?: string         # Test this provider only
  ]

  # Find what is wrong with the agent, the configuration, the providers and this machine, and what mends it
  export extern "mcr doctor" [
    --json                    # Print JSON
    --fix                     # Mend what can be mended without losing anything; the configuration before is kept
    --offline                 # Look at this machine only
    --help(-h)                # Print help
  ]

  # Prove that everything works: proxy, agent, a tool call, the log, and where it all went
  export extern "mcr smoke" [
    --offline                 # Use the imitation of Mistral inside this binary: no key, no network
    --json                    # Print the checks as JSON
    --help(-h)                # Print help
  ]

  def "nu-complete mcr usage by" [] {
    [ "daily" "weekly" "monthly" "session" "model" ]
  }

  # Show what was used and what it cost: by day, week, month, session or model
  export extern "mcr usage" [
    --since: string           # Leave out what was before this day, such as 2026-11-01
    --json                    # Print JSON
    --csv                     # Print CSV
    --help(-h)                # Print help (see more with '--help')
    by?: string@"nu-complete mcr usage by" # What a row is
  ]

  # Show what left this machine, and check that the record of it is what was written
  export extern "mcr audit" [
    --help(-h)                # Print help
  ]

  # Print the last records
  export extern "mcr audit tail" [
    --follow(-f)              # Go on with what comes
    --lines(-n): string       # How many records
    --json                    # Print JSON, a line each
    --help(-h)                # Print help
  ]

  # Show what was recorded, a line each
  export extern "mcr audit show" [
    --since: string           # Leave out what is older, such as 24h, 7d or 2026-11-01
    --kind: string            # Only this kind (can be repeated)
    --session: string         # Only this session: its digest, its beginning, or its id
    --host: string            # Only this host
    --json                    # Print JSON
    --help(-h)                # Print help
  ]

  # Check that the record is what was written; 65 when it is not
  export extern "mcr audit verify" [
    --anchor: string          # A checkpoint's hash that was kept elsewhere, or the file that `mcr audit checkpoint` wrote (can be repeated)
    --json                    # Print JSON
    --help(-h)                # Print help
  ]

  def "nu-complete mcr audit export format" [] {
    [ "jsonl" "csv" ]
  }

  # Print all records for another program
  export extern "mcr audit export" [
    --format: string@"nu-complete mcr audit export format" # What is printed
    --since: string           # Leave out what is older, such as 24h, 7d or 2026-11-01
    --help(-h)                # Print help (see more with '--help')
  ]

  # Sign what is there, and print what to keep elsewhere
  export extern "mcr audit checkpoint" [
    --json                    # Print JSON
    --help(-h)                # Print help
  ]

  # Take old months away, and leave signed what they were
  export extern "mcr audit purge" [
    --older-than: string      # Take away months of which every day is older; `Audit.retention_days` by default
    --before: string          # Take away the months before this one, such as 2026-11
    --yes                     # Take it away without asking
    --help(-h)                # Print help
  ]

  # Tell where traffic went and what is known of whom it went to, for those who have to answer for it
  export extern "mcr report" [
    --help(-h)                # Print help
  ]

  def "nu-complete mcr report egress format" [] {
    [ "md" "csv" "json" "svg" ]
  }

  # Show which hosts were spoken to, what was denied, and that the guard still denies
  export extern "mcr report egress" [
    --since: string           # Leave out what was before, such as 24h, 7d, 2026-11-01
    --format: string@"nu-complete mcr report egress format" # The form
    --output: path            # Write to this file, for its owner only, instead of stdout
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete mcr report ropa format" [] {
    [ "md" "csv" "json" "svg" ]
  }

  # Fill the record of processing activities: Art. 30(1) GDPR, fields a to g
  export extern "mcr report ropa" [
    --since: string           # Leave out what was before, such as 24h, 7d, 2026-11-01
    --format: string@"nu-complete mcr report ropa format" # The form
    --output: path            # Write to this file, for its owner only, instead of stdout
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete mcr report dpia format" [] {
    [ "md" "csv" "json" "svg" ]
  }

  # Gather what a data protection impact assessment needs: Art. 35(7) GDPR
  export extern "mcr report dpia" [
    --since: string           # Leave out what was before, such as 24h, 7d, 2026-11-01
    --format: string@"nu-complete mcr report dpia format" # The form
    --output: path            # Write to this file, for its owner only, instead of stdout
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete mcr report providers format" [] {
    [ "md" "csv" "json" "svg" ]
  }

  # Show what is known of every provider, with dates and sources
  export extern "mcr report providers" [
    --since: string           # Leave out what was before, such as 24h, 7d, 2026-11-01
    --format: string@"nu-complete mcr report providers format" # The form
    --output: path            # Write to this file, for its owner only, instead of stdout
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete mcr report nis2 format" [] {
    [ "md" "csv" "json" "svg" ]
  }

  # Fill a sheet for each supplier: Art. 21(2)(d) and (3) of the NIS2 directive
  export extern "mcr report nis2" [
    --since: string           # Leave out what was before, such as 24h, 7d, 2026-11-01
    --format: string@"nu-complete mcr report nis2 format" # The form
    --output: path            # Write to this file, for its owner only, instead of stdout
    --help(-h)                # Print help (see more with '--help')
  ]

  # Print a report.json to begin with, and say where it belongs
  export extern "mcr report example" [
    --help(-h)                # Print help
  ]

  # Show whom mcr may speak to, and change it
  export extern "mcr egress" [
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Show what is decided of every configured target, and why
  export extern "mcr egress show" [
    --preset: string          # Show the targets of this preset, under its own rules as well
    --json                    # Print JSON
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Say whether a host would be spoken to; 77 when not
  export extern "mcr egress check" [
    --json                    # Print JSON
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    host: string              # A host, or an address that names one
  ]

  # Vouch for a host, so that it may be spoken to
  export extern "mcr egress allow" [
    --operator: string        # Who operates it; what the catalogue knows by default
    --reason: string          # Why it may be spoken to
    --country: string         # The operator's country, in two letters
    --region: string          # Where the host promises to work: EU, a country's two letters, global
    --private                 # Its name has to lead into this machine's network, and nowhere else
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    host: string              # The host
  ]

  # Take that back, or forbid a host that would be spoken to
  export extern "mcr egress deny" [
    --config: path            # Use this configuration file
    --help(-h)                # Print help
    host: string              # The host
  ]

  # Change providers from an endpoint that promises no place to the same provider's in the EU
  export extern "mcr egress use-eu" [
    --config: path            # Use this configuration file
    --help(-h)                # Print help
  ]

  # Print a status line from the JSON that Claude Code gives on stdin
  export extern "mcr statusline" [
    --json                    # Print every variable with its value as JSON instead
    --help(-h)                # Print help
    preset?: string           # Draw the line as this preset has it
  ]

  def "nu-complete mcr completions shell" [] {
    [ "bash" "elvish" "fish" "nu" "pwsh" "zsh" ]
  }

  # Print a shell's completions, which know installed presets and configured models too
  export extern "mcr completions" [
    --help(-h)                # Print help
    shell: string@"nu-complete mcr completions shell" # The shell
  ]

}

export use completions *
