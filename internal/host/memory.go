package host

import (
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
)

// Memory is what a process asks for beside its cores. The zero value asks for nothing.
type Memory struct {
	Lock bool // keep every page in memory, so that none has to be fetched from a disk
	GC   int  // per cent that the heap may grow before it is collected, GCOff, or GCLeave
}

// Special values of Memory.GC.
const (
	GCLeave = 0  // as the environment says (GOGC), or 100
	GCOff   = -1 // not before the memory runs short
)

// gcReservePct is what the collector leaves to others when it is off: it comes back when the process
// has taken the rest.
const gcReservePct = 20

// Granted is what became of a Memory.
type Granted struct {
	Summary string   // for a report: "locked, collector off below 12.5 GiB, huge pages on request"
	Lines   []string // for the start-up log, one fact a line
	Refused []string // what was asked for and cannot be had, why, and what holds instead (I3)
}

// ParseGC reads a setting of the collector: "" or "default", "off", or per cent from 1 to 10,000.
func ParseGC(s string) (int, error) {
	switch s {
	case "", "default":
		return GCLeave, nil
	case "off":
		return GCOff, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 10_000 {
		return 0, fmt.Errorf("host: collector %q, want default, off or per cent from 1 to 10000", s)
	}
	return n, nil
}

// GCText writes the setting of the collector as ParseGC reads it.
func (w Memory) GCText() string {
	switch w.GC {
	case GCLeave:
		return "default"
	case GCOff:
		return "off"
	}
	return strconv.Itoa(w.GC)
}

// Apply gives the process what it asks for as far as the machine has it, and never fails: what was
// refused is said, and the run goes on without.
func (w Memory) Apply() Granted {
	m := Detect()
	return w.apply(&m, lockMemory)
}

func (w Memory) apply(m *Machine, lock func() error) Granted {
	var g Granted
	var parts []string
	say := func(short, line string) {
		parts = append(parts, short)
		g.Lines = append(g.Lines, line)
	}
	switch err := error(nil); {
	case !w.Lock:
		say("not locked", "memory: not locked, as nobody asked for it")
	default:
		if err = lock(); err == nil {
			say("locked", "memory: locked, present and future pages as they are touched")
			break
		}
		parts = append(parts, "not locked (refused)")
		g.Refused = append(g.Refused, "memory cannot be locked: "+err.Error()+"; its pages may be swapped out")
	}
	switch {
	case w.GC == GCLeave:
		say("collector as usual", "collector: as usual")
	case w.GC == GCOff && m.MemoryBytes == 0:
		parts = append(parts, "collector as usual (refused)")
		g.Refused = append(g.Refused, "the collector cannot be turned off: nobody says how much memory there is, so nothing would turn it on again; it runs as usual")
	case w.GC == GCOff:
		limit := m.MemoryBytes / 100 * (100 - gcReservePct)
		debug.SetGCPercent(-1)
		debug.SetMemoryLimit(int64(limit))
		below := fmt.Sprintf("%.1f GiB", float64(limit)/(1<<30))
		say("collector off below "+below, "collector: off until the process has "+below+", then as needed to stay below")
	default:
		debug.SetGCPercent(w.GC)
		say(fmt.Sprintf("collector at %d %%", w.GC), fmt.Sprintf("collector: when the heap has grown by %d %%", w.GC))
	}
	short, line := hugePages(m.hugePages)
	say(short, line)
	g.Summary = strings.Join(parts, ", ")
	return g
}

// hugePagesOff is the mode of a process that gets none, whatever the kernel gives to others.
const hugePagesOff = "off"

// hugePages says what becomes of the books and ledgers, which ask for huge pages: mode is what the
// kernel gives, "" if unknown.
func hugePages(mode string) (short, line string) {
	switch mode {
	case "always":
		return "huge pages", "huge pages: for all memory"
	case "madvise":
		return "huge pages on request", "huge pages: on request; books and ledgers ask for them"
	case "never":
		return "no huge pages (refused)", "huge pages: refused by the kernel (transparent_hugepage is never); large books will be slower"
	case hugePagesOff:
		return "no huge pages (refused)", "huge pages: refused to this process by who has started it (PR_SET_THP_DISABLE); large books will be slower"
	}
	return "huge pages unknown", "huge pages: the kernel does not say whether it has them"
}
