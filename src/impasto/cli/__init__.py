"""The command line: flags derived from the config, progress on stderr, results on stdout."""
