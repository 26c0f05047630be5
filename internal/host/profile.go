package host

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// The names of the profiles, and the wish to have one chosen.
const (
	Auto   = "auto"
	Pinned = "pinned"
	Shared = "shared"
)

// Errors of Choose, wrapped with the numbers.
var (
	ErrProfile     = errors.New("host: unknown profile")
	ErrTooFewCores = errors.New("host: too few cores for the pinned profile")
	ErrCore        = errors.New("host: core not available")
)

// Profile is the decision how the busy stages run. It is a value; copies are equal.
type Profile struct {
	Name  string // Pinned or Shared
	Cores []int  // pinned: the core of stage i is Cores[i]; shared: empty

	// GomaxprocsMin is the least GOMAXPROCS that the profile works with; 0 = any. A pinned stage
	// holds one for good, although its thread has a core of its own, and the rest needs one too.
	GomaxprocsMin int

	roomy   bool // shared: as many cores as busy stages
	lines   []string
	refused []string
}

// Choose decides the profile for busyStages threads that would each like to spin.
//
// want is "auto", "pinned" or "shared". Pinned needs busyStages+1 usable cores; with fewer, auto
// takes shared and pinned is an error that names both numbers. cpus is a list such as "2-5,7" of
// the cores to pin to, in the order of the stages, or "" for a choice of ours: not the lowest core,
// where interrupts tend to land, and one thread of each physical core before any second one. With
// cores that this process may not use, or is not permitted to pin to, auto takes shared too, and says
// so in Refused; pinned is an error.
func Choose(want string, busyStages int, cpus string) (Profile, error) {
	m := Detect()
	return m.choose(want, busyStages, cpus, Pin)
}

// choose decides with pin as the way to try whether a core can be had.
func (m *Machine) choose(want string, busyStages int, cpus string, pin pinner) (Profile, error) {
	if want != Auto && want != Pinned && want != Shared {
		return Profile{}, fmt.Errorf("%w %q, want auto, pinned or shared", ErrProfile, want)
	}
	if busyStages < 1 {
		panic("host: Choose for no stages")
	}
	var listed []int
	if cpus != "" {
		var err error
		if listed, err = ParseCores(cpus); err != nil {
			return Profile{}, err
		}
	}
	if want == Shared {
		p := m.shared(busyStages, "profile shared, as asked: nothing is pinned").ignoring(listed)
		if listed != nil {
			p.refused = append(p.refused, "the cores "+FormatCores(listed)+" are not used: profile shared, as asked, pins nothing")
		}
		return p, nil
	}
	obstacle := m.missing(cpus, listed)
	if obstacle == nil {
		obstacle = m.obstacle(busyStages, listed)
	}
	if obstacle == nil {
		p := m.pinned(want, busyStages, listed)
		if obstacle = p.try(pin); obstacle == nil {
			return p, nil
		}
	}
	if want == Pinned {
		return Profile{}, obstacle
	}
	p := m.shared(busyStages, "profile shared: nothing is pinned", "pinned refused: "+strings.TrimPrefix(obstacle.Error(), "host: ")).ignoring(listed)
	if listed != nil { // somebody wanted it
		p.refused = append(p.refused, "the cores "+FormatCores(listed)+" are not used, profile shared instead: "+obstacle.Error())
	}
	return p, nil
}

// missing checks the list against the affinity mask (I2).
func (m *Machine) missing(cpus string, listed []int) error {
	for _, core := range listed {
		if !slices.Contains(m.Cores, core) {
			return fmt.Errorf("%w: core %d of list %q, this process may use %s", ErrCore, core, cpus, FormatCores(m.Cores))
		}
	}
	return nil
}

// pinner ties the calling goroutine to a core, as Pin does.
type pinner func(core int) (unpin func(), err error)

// try pins a goroutine to each core of the profile, one after the other: a container may refuse what
// its affinity mask allows.
func (p Profile) try(pin pinner) error {
	result := make(chan error)
	go func() {
		for _, core := range p.Cores {
			unpin, err := pin(core)
			if err != nil {
				result <- err
				return
			}
			unpin()
		}
		result <- nil
	}()
	return <-result
}

// Refused says what was asked for by name and is not done, and what is done instead: for a warning.
func (p Profile) Refused() []string { return slices.Clone(p.refused) }

// obstacle says why the pinned profile cannot be had; nil if it can.
func (m *Machine) obstacle(busyStages int, listed []int) error {
	need := busyStages + 1
	switch {
	case !canPin:
		return fmt.Errorf("host: no pinned profile, %s has no thread affinity: %w", runtime.GOOS, errors.ErrUnsupported)
	case len(m.Cores) < need:
		return fmt.Errorf("%w: %d busy stages need %d cores (one each and one for the rest), %d allowed (%s)",
			ErrTooFewCores, busyStages, need, len(m.Cores), FormatCores(m.Cores))
	case m.Usable() < need:
		return fmt.Errorf("%w: %d busy stages need %d cores (one each and one for the rest), the cpu quota gives %.2f",
			ErrTooFewCores, busyStages, need, m.QuotaCores)
	case listed != nil && len(listed) < busyStages:
		return fmt.Errorf("%w: %d busy stages need %d cores, the list names %d (%s)",
			ErrTooFewCores, busyStages, busyStages, len(listed), FormatCores(listed))
	}
	return nil
}

// shared is the profile without a core for each stage.
func (m *Machine) shared(busyStages int, lines ...string) Profile {
	p := Profile{Name: Shared, roomy: m.Usable() >= busyStages}
	how := fmt.Sprintf("stages park at once, since %d share %d cores", busyStages, m.Usable())
	if p.roomy {
		how = fmt.Sprintf("stages spin a little before they yield and park, since %d have %d cores", busyStages, m.Usable())
	}
	p.lines = append(lines, "waiting: "+how)
	return p
}

// Wait is how the busy stages wait under this profile. A stage with a core of its own need not give
// it up. Without one, spinning pays only as long as there is a core for every stage most of the
// time; otherwise a spinner takes the time of the very stage it waits for, and to park at once is
// best: the scheduler runs the woken stage next (docs/RINGS.md has the figures).
func (p Profile) Wait() ringbuf.Wait {
	switch {
	case p.Name == Pinned:
		return ringbuf.WaitSpin
	case p.roomy:
		return ringbuf.WaitAdaptive
	}
	return ringbuf.WaitPark
}

func (m *Machine) pinned(want string, busyStages int, listed []int) Profile {
	p := Profile{Name: Pinned, GomaxprocsMin: busyStages + 1}
	how := "as asked"
	if want == Auto {
		how = fmt.Sprintf("since %d cores are enough for %d busy stages", m.Usable(), busyStages)
	}
	p.lines = append(p.lines, "profile pinned, "+how)
	candidates := listed
	if candidates == nil {
		candidates = m.preferred()
	}
	p.Cores = slices.Clone(candidates[:busyStages])
	p.lines = append(p.lines, fmt.Sprintf("%d busy stages on cores %s, the rest on %s",
		busyStages, FormatCores(p.Cores), FormatCores(without(m.Cores, p.Cores))), "waiting: stages spin and never give up their cores")
	if len(listed) > busyStages {
		p.lines = append(p.lines, "cores of the list left without a stage: "+FormatCores(listed[busyStages:]))
	}
	if m.shareCore(p.Cores) {
		p.lines = append(p.lines, "two busy stages share a physical core (hyper-threads): expect worse latencies")
	}
	if m.Gomaxprocs < p.GomaxprocsMin {
		p.lines = append(p.lines, fmt.Sprintf("GOMAXPROCS is %d, the profile needs %d: raised", m.Gomaxprocs, p.GomaxprocsMin))
	}
	return p
}

// preferred orders the allowed cores for pinning: first threads of physical cores, then second
// threads, and the lowest core last because interrupts tend to land there.
func (m *Machine) preferred() []int {
	var firsts, seconds []int
	for _, core := range m.Cores[1:] {
		if first, known := m.siblings[core]; known && first != core && slices.Contains(m.Cores, first) {
			seconds = append(seconds, core)
			continue
		}
		firsts = append(firsts, core)
	}
	return append(append(firsts, seconds...), m.Cores[0])
}

func (m *Machine) shareCore(cores []int) bool {
	seen := make(map[int]bool)
	for _, core := range cores {
		first, known := m.siblings[core]
		if known && seen[first] {
			return true
		}
		seen[first] = known
	}
	return false
}

func without(all, taken []int) []int {
	return slices.DeleteFunc(slices.Clone(all), func(core int) bool { return slices.Contains(taken, core) })
}

func (p Profile) ignoring(listed []int) Profile {
	if listed != nil {
		p.lines = append(p.lines, "core list "+FormatCores(listed)+" is not used: the shared profile pins nothing")
	}
	return p
}

// Pin gives the calling goroutine its core for stage 0..busyStages-1 and returns what undoes it, to
// be called by the same goroutine. In the shared profile nothing happens.
func (p Profile) Pin(stage int) (unpin func(), err error) {
	if p.Name != Pinned {
		return func() {}, nil
	}
	if stage < 0 || stage >= len(p.Cores) {
		return nil, fmt.Errorf("host: stage %d, the profile was chosen for %d", stage, len(p.Cores))
	}
	return Pin(p.Cores[stage])
}

// Part returns the share i of n of a profile that was chosen for n times as many stages: each has cores of its own.
func (p Profile) Part(i, n int) Profile {
	each := len(p.Cores) / n
	p.Cores = slices.Clone(p.Cores[i*each : (i+1)*each])
	return p
}

// From is a profile whose first stage is stage first of this one.
func (p Profile) From(first int) Profile {
	p.Cores = slices.Clone(p.Cores[min(first, len(p.Cores)):])
	return p
}

// Procs lets as many goroutines run at a time as the profile needs. undo takes that back.
func (p Profile) Procs() (undo func()) {
	before := runtime.GOMAXPROCS(0)
	if before >= p.GomaxprocsMin {
		return func() {}
	}
	runtime.GOMAXPROCS(p.GomaxprocsMin)
	return func() { runtime.GOMAXPROCS(before) }
}

// Lines says what was chosen, what was got and what was refused, for the start-up log.
func (p Profile) Lines() []string { return slices.Clone(p.lines) }
