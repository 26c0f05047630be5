package host

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// box is a machine with n cores allowed, numbered from first, no hyper-threads.
func box(first, n int) *Machine {
	m := &Machine{Gomaxprocs: n}
	for i := range n {
		m.Cores = append(m.Cores, first+i)
	}
	return m
}

// allowed is a machine that lets itself be pinned to.
func allowed(int) (func(), error) { return func() {}, nil }

func needPinning(t *testing.T) {
	t.Helper()
	if !canPin {
		t.Skip("no affinity on this system")
	}
}

func TestChoose(t *testing.T) {
	needPinning(t)
	quota := box(0, 8)
	quota.QuotaCores = 3.5
	for _, test := range []struct {
		name    string
		machine *Machine
		want    string
		stages  int
		cpus    string
		profile string
		cores   []int
		says    string
	}{
		{"enough", box(0, 4), Auto, 3, "", Pinned, []int{1, 2, 3}, "the rest on 0"},
		{"asked", box(0, 4), Pinned, 2, "", Pinned, []int{1, 2}, "as asked"},
		{"one too few", box(0, 3), Auto, 3, "", Shared, nil, "3 busy stages need 4 cores (one each and one for the rest), 3 allowed (0-2)"},
		{"shared asked", box(0, 64), Shared, 3, "", Shared, nil, "as asked"},
		{"not from zero", box(4, 4), Auto, 2, "", Pinned, []int{5, 6}, "cores 5-6, the rest on 4,7"},
		{"listed", box(0, 8), Auto, 3, "5,2-3", Pinned, []int{5, 2, 3}, ""},
		{"listed, more than stages", box(0, 8), Auto, 2, "4-7", Pinned, []int{4, 5}, "left without a stage: 6-7"},
		{"listed, fewer than stages", box(0, 8), Auto, 3, "4,5", Shared, nil, "3 busy stages need 3 cores, the list names 2 (4-5)"},
		{"listed, shared", box(0, 8), Shared, 3, "4,5", Shared, nil, "core list 4-5 is not used"},
		{"quota", quota, Auto, 3, "", Shared, nil, "the cpu quota gives 3.50"},
		{"quota is enough", quota, Auto, 2, "", Pinned, []int{1, 2}, "3 cores are enough for 2"},
	} {
		p, err := test.machine.choose(test.want, test.stages, test.cpus, allowed)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if p.Name != test.profile || !slices.Equal(p.Cores, test.cores) {
			t.Errorf("%s: %s on %v, want %s on %v", test.name, p.Name, p.Cores, test.profile, test.cores)
		}
		if text := strings.Join(p.Lines(), "\n"); !strings.Contains(text, test.says) {
			t.Errorf("%s: lines %q do not say %q", test.name, text, test.says)
		}
		if want := len(test.cores); (p.GomaxprocsMin != want+1) != (want == 0) || want == 0 && p.GomaxprocsMin != 0 {
			t.Errorf("%s: GomaxprocsMin %d", test.name, p.GomaxprocsMin)
		}
	}
}

// I3: what was asked for by name and cannot be had is an error that says why.
func TestChooseRefuses(t *testing.T) {
	needPinning(t)
	quota := box(0, 8)
	quota.QuotaCores = 2
	for _, test := range []struct {
		machine *Machine
		want    string
		stages  int
		cpus    string
		err     error
		says    []string
	}{
		{box(0, 2), Pinned, 2, "", ErrTooFewCores, []string{"need 3 cores", "2 allowed"}},
		{quota, Pinned, 2, "", ErrTooFewCores, []string{"need 3 cores", "gives 2.00"}},
		{box(0, 8), Pinned, 3, "6,7", ErrTooFewCores, []string{"need 3 cores", "names 2"}},
		{box(0, 8), Pinned, 1, "8", ErrCore, []string{"core 8", "may use 0-7"}},
		{box(2, 2), Pinned, 1, "1-3", ErrCore, []string{"core 1", "may use 2-3"}},
		{box(0, 8), "fast", 1, "", ErrProfile, []string{`"fast"`, "auto, pinned or shared"}},
	} {
		_, err := test.machine.choose(test.want, test.stages, test.cpus, allowed)
		if !errors.Is(err, test.err) {
			t.Errorf("%s, %d stages, list %q: %v, want %v", test.want, test.stages, test.cpus, err, test.err)
			continue
		}
		for _, text := range test.says {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%q does not say %q", err, text)
			}
		}
	}
	if _, err := box(0, 8).choose(Auto, 1, "1-", allowed); err == nil {
		t.Error("a malformed list: no error")
	}
}

// Hyper-threads: first threads come first, and a profile that has to use both says so.
func TestHyperThreads(t *testing.T) {
	needPinning(t)
	m := box(0, 8) // 0 and 4, 1 and 5, ... share a core
	m.siblings = map[int]int{0: 0, 4: 0, 1: 1, 5: 1, 2: 2, 6: 2, 3: 3, 7: 3}
	p, err := m.choose(Auto, 3, "", allowed)
	if err != nil || !slices.Equal(p.Cores, []int{1, 2, 3}) {
		t.Errorf("cores %v (%v), want 1-3", p.Cores, err)
	}
	m.siblings = map[int]int{0: 0, 1: 0, 2: 2, 3: 2, 4: 4, 5: 4, 6: 6, 7: 6}
	p, err = m.choose(Auto, 3, "", allowed)
	if err != nil || !slices.Equal(p.Cores, []int{2, 4, 6}) || strings.Contains(strings.Join(p.Lines(), " "), "hyper") {
		t.Errorf("cores %v (%v), want 2,4,6 and no warning", p.Cores, err)
	}
	p, err = m.choose(Auto, 5, "", allowed)
	if err != nil || !slices.Equal(p.Cores, []int{2, 4, 6, 1, 3}) || !strings.Contains(strings.Join(p.Lines(), " "), "hyper") {
		t.Errorf("cores %v (%v), want 2,4,6,1,3 and a warning", p.Cores, err)
	}
}

// I3: cores that are named and cannot be had are told, with the reason and what is done instead.
func TestCoresRefused(t *testing.T) {
	needPinning(t)
	forbidden := func(core int) (func(), error) {
		if core == 3 {
			return nil, errors.New("host: pin to core 3: operation not permitted")
		}
		return func() {}, nil
	}
	for _, test := range []struct {
		cpus string
		pin  pinner
		says string
	}{
		{"6-9", allowed, "core 8 of list \"6-9\", this process may use 0-7"},
		{"4", allowed, "2 busy stages need 2 cores, the list names 1"},
		{"2-3", forbidden, "pin to core 3: operation not permitted"},
	} {
		p, err := box(0, 8).choose(Auto, 2, test.cpus, test.pin)
		refused := strings.Join(p.Refused(), "\n")
		if err != nil || p.Name != Shared || !strings.Contains(refused, "are not used, profile shared instead") || !strings.Contains(refused, test.says) {
			t.Errorf("--cpus %s: profile %q, %q, %v, want shared and %q", test.cpus, p.Name, refused, err, test.says)
		}
		if _, err := box(0, 8).choose(Pinned, 2, test.cpus, test.pin); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("pinned to %s: %v, want %q", test.cpus, err, test.says)
		}
	}
	if p, err := box(0, 8).choose(Shared, 2, "2-3", allowed); err != nil || !slices.Equal(p.Refused(), []string{"the cores 2-3 are not used: profile shared, as asked, pins nothing"}) {
		t.Errorf("cores for the shared profile: %q is refused (%v)", p.Refused(), err)
	}
	if p, err := box(0, 2).choose(Auto, 5, "", allowed); err != nil || p.Refused() != nil {
		t.Errorf("nobody named cores, and %q is refused (%v)", p.Refused(), err)
	}
}

// The policy follows from the cores: spin on a core of one's own, spin a little where there is a core
// for everybody most of the time, park where cores are shared.
func TestWaitFollowsCores(t *testing.T) {
	needPinning(t)
	throttled := box(0, 8)
	throttled.QuotaCores = 2
	for _, test := range []struct {
		machine *Machine
		stages  int
		wait    ringbuf.Wait
		says    string
	}{
		{box(0, 6), 5, ringbuf.WaitSpin, "never give up"},
		{box(0, 5), 5, ringbuf.WaitAdaptive, "5 have 5 cores"},
		{box(0, 2), 5, ringbuf.WaitPark, "5 share 2 cores"},
		{box(0, 1), 1, ringbuf.WaitAdaptive, "1 have 1 cores"},
		{throttled, 3, ringbuf.WaitPark, "3 share 2 cores"},
	} {
		p, err := test.machine.choose(Auto, test.stages, "", allowed)
		if err != nil || p.Wait() != test.wait || !strings.Contains(strings.Join(p.Lines(), "\n"), test.says) {
			t.Errorf("%d stages on %d cores: %+v, %q, %v", test.stages, test.machine.Usable(), p.Wait(), p.Lines(), err)
		}
	}
	if (Profile{}).Wait() != ringbuf.WaitPark {
		t.Error("a profile that nobody chose does not park")
	}
}

func TestGomaxprocsTooSmall(t *testing.T) {
	needPinning(t)
	m := box(0, 8)
	m.Gomaxprocs = 2
	p, err := m.choose(Pinned, 3, "", allowed)
	if err != nil || !strings.Contains(strings.Join(p.Lines(), " "), "GOMAXPROCS is 2, the profile needs 4: raised") {
		t.Errorf("%q (%v)", p.Lines(), err)
	}
}

// I1 and I2, for any machine.
func TestPinnedCoresAreOurs(t *testing.T) {
	needPinning(t)
	rapid.Check(t, func(t *rapid.T) {
		m := &Machine{
			Cores:    rapid.SliceOfNDistinct(rapid.IntRange(0, 40), 1, 20, rapid.ID[int]).Draw(t, "cores"),
			siblings: map[int]int{},
		}
		slices.Sort(m.Cores)
		pairs := rapid.Bool().Draw(t, "hyper-threads")
		for _, core := range m.Cores {
			m.siblings[core] = core
			if pairs {
				m.siblings[core] = core &^ 1
			}
		}
		stages := rapid.IntRange(1, 22).Draw(t, "stages")
		p, err := m.choose(Auto, stages, "", allowed)
		if err != nil {
			t.Fatal(err)
		}
		if (p.Name == Pinned) != (len(m.Cores) > stages) {
			t.Fatalf("%s with %d cores for %d stages", p.Name, len(m.Cores), stages)
		}
		if p.Name == Shared {
			return
		}
		if len(p.Cores) != stages {
			t.Fatalf("cores %v for %d stages", p.Cores, stages)
		}
		for i, core := range p.Cores {
			if !slices.Contains(m.Cores, core) || slices.Contains(p.Cores[:i], core) {
				t.Fatalf("cores %v of %v", p.Cores, m.Cores)
			}
		}
	})
}

func TestChooseHere(t *testing.T) {
	p, err := Choose(Shared, 3, "")
	if err != nil || p.Name != Shared {
		t.Fatalf("%+v, %v", p, err)
	}
	unpin, err := p.Pin(99)
	if err != nil {
		t.Fatal(err)
	}
	unpin()
	if _, err := Choose(Pinned, 5000, ""); err == nil {
		t.Error("5,000 busy stages are pinned")
	}
	m := Detect()
	if len(m.Cores) == 0 || m.Gomaxprocs != runtime.GOMAXPROCS(0) || !strings.HasPrefix(m.Go, "go") {
		t.Errorf("%+v", m)
	}
}

// A profile that needs more goroutines at a time than there may be gets them, until it is over.
func TestProcs(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	undo := Profile{Name: Pinned, GomaxprocsMin: before + 3}.Procs()
	if got := runtime.GOMAXPROCS(0); got != before+3 {
		t.Errorf("%d at a time, want %d", got, before+3)
	}
	Profile{Name: Shared}.Procs()()
	if got := runtime.GOMAXPROCS(0); got != before+3 {
		t.Errorf("%d at a time under a profile that needs none, want %d", got, before+3)
	}
	undo()
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("%d at a time afterwards, want %d", got, before)
	}
}

// The shares of a profile for several times as many stages have cores of their own, and all of them.
func TestPart(t *testing.T) {
	whole := Profile{Name: Pinned, Cores: []int{1, 2, 3, 4, 5, 6}}
	if a, b := whole.Part(0, 2), whole.Part(1, 2); !slices.Equal(a.Cores, []int{1, 2, 3}) || !slices.Equal(b.Cores, []int{4, 5, 6}) {
		t.Errorf("cores %v and %v", a.Cores, b.Cores)
	}
	if p := (Profile{Name: Shared}).Part(1, 2); p.Name != Shared || len(p.Cores) != 0 {
		t.Errorf("a share of the shared profile is %+v", p)
	}
}
