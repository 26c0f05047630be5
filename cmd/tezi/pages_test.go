package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pageCode   = regexp.MustCompile("`([^`\n]+)`")
	makeTarget = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	makeRule   = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	// in a page's code: from "tezi" to the end of the command
	teziCommand = regexp.MustCompile(`(?:^|[\s;(&|])(?:bin/)?tezi ([^|;&#>)]*)`)
	longFlag    = regexp.MustCompile(`^--([a-z][a-z-]*)`)
)

// Every command that a page shows exists: the make target, the subcommand of tezi and each of its flags.
func TestPagesShowCommandsThatExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(append(pages, more...), "../../README.md", "../../CONTRIBUTING.md")
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, m := range makeRule.FindAllStringSubmatch(string(text), -1) {
		targets[m[1]] = true
	}
	commands := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codeOf(string(text)) {
			for _, m := range makeTarget.FindAllStringSubmatch(code, -1) {
				if !targets[m[1]] {
					t.Errorf("%s: no target %q, in %s", page, m[1], code)
				}
			}
			for _, m := range teziCommand.FindAllStringSubmatch(code, -1) {
				if problem := unknownIn(strings.Fields(m[1])); problem != "" {
					t.Errorf("%s: %s, in %s", page, problem, code)
				}
				commands++
			}
		}
	}
	if commands < 60 {
		t.Errorf("%d commands in %d pages: the test looks past them", commands, len(pages))
	}
}

// codeOf lists the code of a page: what stands between back quotes, and the lines of indented and fenced blocks.
func codeOf(text string) (code []string) {
	fenced := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			fenced = !fenced
		case fenced || strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "    "):
			code = append(code, strings.TrimPrefix(trimmed, "$ "))
		default:
			for _, m := range pageCode.FindAllStringSubmatch(line, -1) {
				code = append(code, m[1])
			}
		}
	}
	return code
}

// unknownIn says what of a command line is not known; "" if everything is.
func unknownIn(args []string) string {
	root := newRoot(io.Discard, io.Discard)
	if len(args) == 0 || !regexp.MustCompile(`^[a-z]+$`).MatchString(args[0]) {
		return "" // not a command: a sentence, or tezi with a flag of its own
	}
	cmd, _, err := root.Find(args[:1])
	if err != nil {
		return err.Error()
	}
	for _, arg := range args[1:] {
		if sub, _, err := cmd.Find([]string{arg}); err == nil && sub != cmd {
			cmd = sub
			continue
		}
		if m := longFlag.FindStringSubmatch(arg); m != nil && m[1] != "help" && cmd.Flags().Lookup(m[1]) == nil && cmd.InheritedFlags().Lookup(m[1]) == nil {
			return "no flag --" + m[1] + " of " + cmd.CommandPath()
		}
	}
	return ""
}
