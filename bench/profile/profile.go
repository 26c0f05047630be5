package profile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
)

// Kind is a kind of profile.
type Kind string

// The kinds.
const (
	CPU   Kind = "cpu"   // samples of what runs, 100 a second
	Mem   Kind = "mem"   // what is live at the end, and what was allocated
	Block Kind = "block" // where goroutines waited for others, every wait of a microsecond or more
	Trace Kind = "trace" // every change of state of every goroutine: for go tool trace
)

// Kinds lists them.
var Kinds = []Kind{CPU, Mem, Trace, Block}

// blockRate is the nanoseconds of waiting to a sample.
const blockRate = 1000

// Set is the profiles that each process of a run is to write. The zero value is none.
type Set struct {
	Kinds []Kind `json:"kinds,omitempty"`
	Dir   string `json:"dir,omitempty"`
}

// ErrKind is wrapped by the error about a kind that there is not.
var ErrKind = errors.New("profile: unknown kind")

// NewSet reads the kinds from their names. The directory is created by Start.
func NewSet(names []string, dir string) (Set, error) {
	s := Set{Dir: dir}
	for _, name := range names {
		if !slices.Contains(Kinds, Kind(name)) {
			return Set{}, fmt.Errorf("%w %q, want some of %v", ErrKind, name, Kinds)
		}
		if !slices.Contains(s.Kinds, Kind(name)) { // no process can write one twice
			s.Kinds = append(s.Kinds, Kind(name))
		}
	}
	return s, nil
}

// Start begins the profiles of this process, whose name goes into the names of the files. The function that it returns
// ends them and writes the files; of an error nothing is left running.
func (s Set) Start(process string) (stop func() error, err error) {
	var undo []func() error
	stop = func() error {
		var errs []error
		for _, end := range slices.Backward(undo) {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	}
	for _, kind := range s.Kinds {
		if err := os.MkdirAll(s.Dir, 0o755); err != nil {
			return nil, errors.Join(err, stop())
		}
		end, err := kind.Start(s.File(process, kind))
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		undo = append(undo, end)
	}
	return stop, nil
}

// File is where a profile of a process goes.
func (s Set) File(process string, k Kind) string {
	name := process + "." + string(k) + ".pprof"
	if k == Trace {
		name = process + ".trace"
	}
	return filepath.Join(s.Dir, name)
}

// Start begins one profile into a file, which is created at once, so that a path that cannot be written is known before
// a long run. The function that it returns ends the profile and completes the file.
func (k Kind) Start(path string) (stop func() error, err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	f := &checked{to: file}
	end := func() error { return nil }
	switch k {
	case CPU:
		err = pprof.StartCPUProfile(f)
		end = func() error { pprof.StopCPUProfile(); return nil }
	case Trace:
		err = trace.Start(f)
		end = func() error { trace.Stop(); return nil }
	case Mem:
		end = func() error {
			runtime.GC() // so that the profile shows what is live now
			return pprof.WriteHeapProfile(f)
		}
	case Block:
		runtime.SetBlockProfileRate(blockRate)
		end = func() error {
			defer runtime.SetBlockProfileRate(0)
			return pprof.Lookup("block").WriteTo(f, 0)
		}
	default:
		err = fmt.Errorf("%w %q", ErrKind, k)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { return cmp.Or(errors.Join(end(), file.Close()), f.err) }, nil
}

// checked keeps the first error of a writer: the runtime passes over those of what it writes in the background, and half a profile
// would be taken for a whole one. It is read when that has ended.
type checked struct {
	to  io.Writer
	err error
}

func (c *checked) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.err = cmp.Or(c.err, err)
	return n, err
}
