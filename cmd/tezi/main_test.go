package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tezi-exchange/tezi/internal/box"
	"github.com/tezi-exchange/tezi/internal/datatest"
)

// TestMain makes the test binary the program itself when it is called "tezi". Scripts find it by
// that name in their PATH, and so does the program when it starts its participants with its own
// executable: they are real processes.
func TestMain(m *testing.M) {
	testscript.Main(matrixMain{m}, programs)
}

// programs are what scripts can run.
var programs = map[string]func(){
	"tezi": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
}

// TestScripts runs the program from outside, a topic to a script. scripts_test.go says what the
// scripts' own commands do.
func TestScripts(t *testing.T) {
	runScripts(t, params("testdata/script"))
}

// TestRecordedFills replays recorded order flow and compares each trade with the recorded fills.
func TestRecordedFills(t *testing.T) {
	for name, fills := range map[string]string{"lobster-aapl-20120621": "4018", "cme-es-mbo-20231225": "5569"} {
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.Abs(datatest.Dir(t, name))
			if err != nil {
				t.Fatal(err)
			}
			p := params("")
			p.Files = []string{"testdata/recorded.txtar"}
			setup := p.Setup
			p.Setup = func(env *testscript.Env) error {
				env.Setenv("DATA", dir)
				env.Setenv("FILLS", fills)
				return setup(env)
			}
			runScripts(t, p)
		})
	}
}

// TestDeadPeer kills a participant, over each transport between processes: the engine goes on taking and answering orders.
func TestDeadPeer(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a halt")
	}
	for _, transport := range []string{box.TransportTCP, box.TransportUDP, box.TransportShm} {
		t.Run(transport, func(t *testing.T) {
			p := params("")
			p.Files = []string{"testdata/deadpeer.txtar"}
			setup := p.Setup
			p.Setup = func(env *testscript.Env) error {
				env.Setenv("TRANSPORT", transport)
				return setup(env)
			}
			runScripts(t, p)
		})
	}
}

// hosts counts those that ownHost has given.
var hosts atomic.Uint32

// ownHost is an address of this machine that nobody else listens at or connects from, so that a process that is dead for
// a while finds its port free.
func ownHost() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1" // elsewhere there may be no other one
	}
	n := hosts.Add(1)
	return fmt.Sprintf("127.%d.%d.%d", 1+os.Getpid()%254, n>>8&255, n&255)
}

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir:                dir,
		Cmds:               commands,
		Condition:          condition,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOST", ownHost())
			env.Values[stateKey{}] = &state{env: env, processes: map[string]*process{}, ended: map[string]int{}, stopped: map[string]int{}}
			return nil
		},
	}
}
