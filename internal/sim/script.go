package sim

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/check"
)

// Script is a schedule as people read it: a line that begins with "world" says what the world is made
// of, each other line is an action, "#" begins a comment.
type Script struct {
	Setup   Setup
	Actions []Action
}

// ScriptError says which line of a script is none.
type ScriptError struct {
	Line int
	Text string
	Want string
}

// Error is the line and what was expected.
func (e *ScriptError) Error() string {
	return fmt.Sprintf("script: line %d: %q, want %s", e.Line, e.Text, e.Want)
}

// String is the line of a script that makes such a world.
func (s Setup) String() string {
	text := fmt.Sprintf("world participants=%d learners=%d coordinators=%d window=%d retain=%d vetoes=%d",
		s.Participants, s.Learners, s.Coordinators, s.Window, s.Retain, s.Vetoes)
	for _, flag := range []struct {
		set  bool
		name string
	}{{s.Gate, "gate"}, {s.Shared, "shared"}, {s.Changes, "changes"}, {s.Free, "free"}, {s.Snapshots, "snapshots"}, {s.Pieces, "pieces"}, {s.Standby, "standby"}, {s.Wire, "bytes"}, {s.Driver, "driver"}, {s.Inline, "inline"}} {
		if flag.set {
			text += " " + flag.name
		}
	}
	if s.Every > 0 {
		text += fmt.Sprintf(" every=%d", s.Every)
	}
	if s.Classes > 0 {
		text += fmt.Sprintf(" classes=%d", s.Classes)
	}
	return text
}

// ParseScript reads a script. A script without a world is played in the smallest one.
func ParseScript(text string) (*Script, error) {
	script := &Script{Setup: small}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		want := ""
		if fields[0] == "world" {
			want = parseSetup(fields[1:], &script.Setup)
		} else {
			var a Action
			a, want = parseAction(fields)
			script.Actions = append(script.Actions, a)
		}
		if want != "" {
			return nil, &ScriptError{i + 1, line, want}
		}
	}
	return script, nil
}

// parseSetup returns what was expected, or "".
func parseSetup(fields []string, s *Setup) string {
	numbers := map[string]*int{
		"participants": &s.Participants, "learners": &s.Learners, "coordinators": &s.Coordinators,
		"window": &s.Window, "retain": &s.Retain, "vetoes": &s.Vetoes, "every": &s.Every, "classes": &s.Classes,
	}
	flags := map[string]*bool{"gate": &s.Gate, "shared": &s.Shared, "changes": &s.Changes, "free": &s.Free, "snapshots": &s.Snapshots, "pieces": &s.Pieces, "standby": &s.Standby, "bytes": &s.Wire, "driver": &s.Driver, "inline": &s.Inline}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		if flag := flags[field]; flag != nil {
			*flag = true
			continue
		}
		n, err := strconv.ParseUint(value, 10, 8)
		if numbers[name] == nil || err != nil {
			return "NAME=NUMBER or a flag in " + field
		}
		*numbers[name] = int(n)
	}
	if s.Participants < 1 || s.Participants > 9 || s.Coordinators < 1 || s.Coordinators > 3 || 2*s.Learners >= s.Participants || s.Window < 1 || s.Retain < s.Window {
		return "1 to 9 participants, fewer than half of them learners, 1 to 3 coordinators, 1 <= window <= retain"
	}
	return ""
}

// parseAction returns the action, and what was expected, or "".
func parseAction(fields []string) (a Action, want string) {
	a.Op = ops
	for op, name := range opNames {
		if name == fields[0] {
			a.Op = Op(op)
		}
	}
	if a.Op == ops {
		return a, "an action"
	}
	rest := fields[1:]
	if a.Op.aboutMessage() {
		if len(rest) < 4 || !parseKey(rest[:4], &a.Key) {
			return a, "FROM>TO KIND EPOCH.NODE SEQ"
		}
		rest = rest[4:]
	} else if len(rest) > 0 && rest[0][0] != '#' && !strings.HasPrefix(rest[0], "arg=") {
		n, err := strconv.ParseUint(rest[0], 10, 8)
		if err != nil {
			return a, "a node"
		}
		a.Node, rest = batch3pc.NodeID(n), rest[1:]
	}
	for _, field := range rest {
		text, isArg := strings.CutPrefix(field, "arg=")
		if !isArg {
			text = strings.TrimPrefix(field, "#")
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return a, "#NTH or arg=NUMBER"
		}
		if isArg {
			a.Arg = uint16(n)
		} else {
			a.Nth = uint8(n)
		}
	}
	return a, ""
}

func parseKey(fields []string, key *Key) bool {
	var from, to, epoch, node, seq uint64
	if n, err := fmt.Sscanf(fields[0]+" "+fields[2]+" "+fields[3], "%d>%d %d.%d %d", &from, &to, &epoch, &node, &seq); n != 5 || err != nil {
		return false
	}
	for kind := batch3pc.Kind(1); kind < 32; kind++ {
		if kind.String() == fields[1] {
			*key = Key(from<<56 | to<<48 | uint64(kind)<<40 | epoch&0xfff<<28 | node&0xf<<24 | seq&0xffffff)
			return true
		}
	}
	return false
}

// Play carries out a script and writes the trace.
func (s *Script) Play(out io.Writer) *check.Violation {
	fmt.Fprintf(out, "# %v\n%s", s.Setup, TraceLegend)
	v, hash := NewRunner().Replay(s.Setup, s.Actions, &trace{out: out})
	fmt.Fprintf(out, "# hash %016x\n", hash)
	return v
}
