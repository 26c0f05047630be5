package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wantArgs checks that a command has exactly the arguments that are named.
func wantArgs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		want := "no arguments"
		switch len(names) {
		case 1:
			want = "one " + names[0]
		case 2:
			want = names[0] + " and " + names[1]
		}
		return usageError{fmt.Errorf("want %s, got %d", want, len(args))}
	}
}

// oneOf checks that at most one of the flags was given.
func oneOf(cmd *cobra.Command, names ...string) error {
	given := ""
	for _, name := range names {
		switch changed := cmd.Flags().Changed(name); {
		case changed && given != "":
			return usageError{fmt.Errorf("--%s and --%s exclude each other", given, name)}
		case changed:
			given = name
		}
	}
	return nil
}

// wantWord checks that a flag was given one of the words that it takes.
func wantWord[S ~string](flag string, got S, words []S) error {
	if slices.Contains(words, got) {
		return nil
	}
	var names []string
	for _, w := range words {
		names = append(names, string(w))
	}
	last := len(names) - 1
	return usageError{fmt.Errorf("--%s %q: want %s or %s", flag, got, strings.Join(names[:last], ", "), names[last])}
}

// wantAddress checks that a flag was given an address.
func wantAddress(flag, got string) error {
	if _, _, err := net.SplitHostPort(got); err != nil {
		return usageError{fmt.Errorf("--%s %q: want HOST:PORT", flag, got)}
	}
	return nil
}

// kindsOfValue say what a flag takes, by the name that pflag has for it.
var kindsOfValue = map[string]string{
	"int": "a whole number", "int64": "a whole number",
	"uint": "a whole number, 0 or more", "uint64": "a whole number, 0 or more",
	"uint8": "a whole number from 0 to 255", "uint32": "a whole number from 0 to 4294967295",
	"duration": "a time such as 500ms, 10s or 2m", "bool": "true or false",
}

// flagError says what is wrong with a flag in the words of the command line, and not in those of the parser.
func flagError(_ *cobra.Command, err error) error {
	var bad *pflag.InvalidValueError
	if errors.As(err, &bad) {
		if kind := kindsOfValue[bad.GetFlag().Value.Type()]; kind != "" {
			err = fmt.Errorf("--%s %q: want %s", bad.GetFlag().Name, bad.GetValue(), kind)
		}
	}
	return usageError{err}
}
