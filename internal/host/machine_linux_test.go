package host

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

func files(contents map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range contents {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestReadMachine(t *testing.T) {
	m := Machine{Cores: []int{0, 1, 2, 3}}
	m.read(files(map[string]string{
		"proc/cpuinfo":                                              "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n\nprocessor\t: 1\nmodel name\t: other\n",
		"proc/meminfo":                                              "MemTotal:        8000000 kB\nMemFree:  1 kB\n",
		"proc/self/cgroup":                                          "0::/user.slice/job\n",
		"sys/fs/cgroup/user.slice/job/cpu.max":                      "max 100000\n",
		"sys/fs/cgroup/user.slice/cpu.max":                          "250000 100000\n",
		"sys/fs/cgroup/cpu.max":                                     "300000 100000\n",
		"sys/fs/cgroup/user.slice/memory.max":                       "1073741824\n",
		"sys/fs/cgroup/memory.max":                                  "max\n",
		"sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0,2\n",
		"sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "1,3\n",
		"sys/devices/system/cpu/cpu2/topology/thread_siblings_list": "0,2\n",
		"sys/devices/system/cpu/cpu3/topology/thread_siblings_list": "1,3\n",
	}))
	if m.CPU != "Some CPU @ 3 GHz" || m.QuotaCores != 2.5 || m.MemoryBytes != 1<<30 {
		t.Errorf("%+v", m)
	}
	if want := (map[int]int{0: 0, 1: 1, 2: 0, 3: 1}); !maps.Equal(m.siblings, want) {
		t.Errorf("siblings %v, want %v", m.siblings, want)
	}
	if m.Usable() != 2 {
		t.Errorf("%d cores usable, want the 2 whole ones of the quota", m.Usable())
	}
}

func TestReadOldCgroups(t *testing.T) {
	var m Machine
	m.read(files(map[string]string{
		"proc/meminfo":     "MemTotal:        1000000 kB\n",
		"proc/self/cgroup": "5:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n0::/\n",
		"sys/fs/cgroup/cpu/docker/ab/cpu.cfs_quota_us": "-1\n",
		"sys/fs/cgroup/cpu/cpu.cfs_quota_us":           "150000\n",
		"sys/fs/cgroup/cpu/cpu.cfs_period_us":          "100000\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
	}))
	if m.QuotaCores != 1.5 || m.MemoryBytes != 1000000<<10 {
		t.Errorf("%+v", m)
	}
}

// What cannot be read stays unknown.
func TestReadNothing(t *testing.T) {
	for _, root := range []fstest.MapFS{
		{},
		files(map[string]string{"proc/cpuinfo": "x", "proc/meminfo": "MemTotal: many kB", "proc/self/cgroup": "0::\nx\n9:cpu\n"}),
	} {
		m := Machine{Cores: []int{0}}
		m.read(root)
		if m.CPU != "" || m.MemoryBytes != 0 || m.QuotaCores != 0 || m.siblings != nil {
			t.Errorf("%+v", m)
		}
	}
}

// A quota of less than a core is a part of one, and not none.
func TestQuotaOfLessThanACore(t *testing.T) {
	m := Machine{Cores: []int{0, 1}, QuotaCores: 0.5}
	if m.Usable() != 1 {
		t.Errorf("%d cores usable, want 1", m.Usable())
	}
	if _, err := m.choose(Pinned, 1, "", allowed); !errors.Is(err, ErrTooFewCores) {
		t.Errorf("pinned: %v, want %v", err, ErrTooFewCores)
	}
}

// A cgroup outside the container's own tree: the root's limits are ours.
func TestReadCgroupOutsideTheRoot(t *testing.T) {
	var m Machine
	m.read(files(map[string]string{
		"proc/self/cgroup":      "0::/../../job\n",
		"sys/fs/cgroup/cpu.max": "400000 100000\n",
	}))
	if m.QuotaCores != 4 {
		t.Errorf("quota %v, want 4", m.QuotaCores)
	}
}

// Pin runs the goroutine on the core of its stage and gives the thread back as it was.
func TestPin(t *testing.T) {
	runtime.LockOSThread() // so that before and after are of one thread
	defer runtime.UnlockOSThread()
	before := allowedCores()
	p := Profile{Name: Pinned, Cores: []int{before[len(before)-1], before[0]}}
	for stage, core := range p.Cores {
		unpin, err := p.Pin(stage)
		if err != nil {
			t.Fatal(err)
		}
		if now := allowedCores(); !slices.Equal(now, []int{core}) {
			t.Errorf("stage %d may run on %v, want %d", stage, now, core)
		}
		unpin()
		if now := allowedCores(); !slices.Equal(now, before) {
			t.Errorf("afterwards on %v, want %v", now, before)
		}
	}
	for _, stage := range []int{-1, 2} {
		if _, err := p.Pin(stage); err == nil {
			t.Errorf("stage %d of 2: no error", stage)
		}
	}
}

func TestPinOnAMissingCore(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := allowedCores()
	p := Profile{Name: Pinned, Cores: []int{coreMax}}
	if slices.Contains(before, coreMax) {
		t.Skip("this machine has every core that a mask can name")
	}
	if _, err := p.Pin(0); err == nil || !strings.Contains(err.Error(), "core 1023") {
		t.Errorf("%v, want an error about core 1023", err)
	}
	if now := allowedCores(); !slices.Equal(now, before) {
		t.Errorf("a refused Pin left the thread on %v, was on %v", now, before)
	}
}

// The mask decides, not the number of cores in the machine.
func TestDetectHonoursTheMask(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cores := allowedCores()
	var narrow, wide unix.CPUSet
	narrow.Set(cores[0])
	for _, core := range cores {
		wide.Set(core)
	}
	if err := unix.SchedSetaffinity(0, &narrow); err != nil {
		t.Skipf("no affinity here: %v", err)
	}
	m := Detect()
	if err := unix.SchedSetaffinity(0, &wide); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Cores, cores[:1]) {
		t.Errorf("cores %v, want %v", m.Cores, cores[:1])
	}
	if !strings.HasPrefix(m.Kernel, "Linux ") {
		t.Errorf("kernel %q", m.Kernel)
	}
}
