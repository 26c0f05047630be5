package sim

import (
	"errors"
	"strings"
	"testing"
)

// A script says all that its schedule does.
func TestScriptsReadBack(t *testing.T) {
	runner := NewRunner()
	for seed := range uint64(300) {
		o := runner.Run(PlanOf(seed, false), nil)
		text := o.Plan.Setup.String() + "\n"
		for _, a := range o.Actions {
			text += a.String() + "\n"
		}
		script, err := ParseScript(text)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if script.Setup != o.Plan.Setup || len(script.Actions) != len(o.Actions) {
			t.Fatalf("seed %d: read %+v with %d actions, want %+v with %d", seed, script.Setup, len(script.Actions), o.Plan.Setup, len(o.Actions))
		}
		for i, a := range o.Actions {
			if script.Actions[i] != a {
				t.Fatalf("seed %d: action %d is %v, was written from %v", seed, i, script.Actions[i], a)
			}
		}
	}
}

func TestScriptErrorsNameTheLine(t *testing.T) {
	for _, line := range []string{
		"jump 3", "deliver 1>2 Yes", "deliver 1-2 Yes 1.10 1", "deliver 1>2 Maybe 1.10 1", "crash x", "crash 1 arg=x", "tick 10 #x",
		"world participants=0", "world learners=2 participants=3", "world colour=3", "world window=3 retain=2",
	} {
		_, err := ParseScript("# a comment\n\nopen 10\n" + line)
		if e := new(ScriptError); !errors.As(err, &e) || e.Line != 4 || !strings.Contains(err.Error(), "want ") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func FuzzScript(f *testing.F) {
	f.Add("world participants=3 window=2 retain=2 gate\nopen 10\nsettle\ndeliver 1>10 Yes 1.10 1 #2\ncrash 1 arg=3\n")
	f.Fuzz(func(t *testing.T, text string) {
		script, err := ParseScript(text)
		if err != nil {
			return
		}
		for _, a := range script.Actions {
			again, err := ParseScript(a.String())
			if err != nil || len(again.Actions) != 1 || again.Actions[0] != a {
				t.Fatalf("%v reads back as %v, %v", a, again, err)
			}
		}
	})
}
