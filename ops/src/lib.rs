//! What a person uses: the verbs of the command line.
