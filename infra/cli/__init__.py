"""The command line: one verb per file, in the order of the workflow; verbs only translate to library calls."""
