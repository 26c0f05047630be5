package host

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func (m *Machine) detect() {
	m.Cores = allowedCores()
	m.Kernel = kernel()
	m.read(os.DirFS("/"))
	if !mayHaveHugePages() {
		m.hugePages = hugePagesOff
	}
}

// allowedCores reads the affinity mask of the calling thread, which is that of the process unless
// somebody pinned this very thread.
func allowedCores() []int {
	var mask unix.CPUSet
	if err := unix.SchedGetaffinity(0, &mask); err != nil {
		cores := make([]int, runtime.NumCPU())
		for i := range cores {
			cores[i] = i
		}
		return cores
	}
	var cores []int
	for core := range coreMax + 1 {
		if mask.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "Linux"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// read takes everything that is in files; root is the file system from "/".
func (m *Machine) read(root fs.FS) {
	m.CPU = cpuModel(root)
	m.MemoryBytes = memory(root)
	groups := cgroups(root)
	m.QuotaCores = quota(root, groups)
	if limit := memoryLimit(root, groups); limit > 0 && (m.MemoryBytes == 0 || limit < m.MemoryBytes) {
		m.MemoryBytes = limit
	}
	m.hugePages = hugePageMode(root)
	m.siblings = siblings(root, m.Cores)
}

// line returns the first line of a file without blanks around it, "" if it cannot be read.
func line(root fs.FS, name string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	first, _, _ := bytes.Cut(b, []byte("\n"))
	return string(bytes.TrimSpace(first))
}

// field returns the value of the first "key: value" line, as in /proc/cpuinfo.
func field(root fs.FS, name string, keys ...string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	for l := range strings.Lines(string(b)) {
		key, value, found := strings.Cut(l, ":")
		if found && slices.Contains(keys, strings.TrimSpace(key)) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func cpuModel(root fs.FS) string {
	// x86 says "model name"; POWER says "cpu"; many ARM machines say nothing better than the
	// board's model in the device tree.
	if s := field(root, "proc/cpuinfo", "model name", "cpu", "Model"); s != "" {
		return s
	}
	return strings.TrimRight(line(root, "proc/device-tree/model"), "\x00")
}

func memory(root fs.FS) uint64 {
	kb, _, _ := strings.Cut(field(root, "proc/meminfo", "MemTotal"), " ")
	n, err := strconv.ParseUint(kb, 10, 54)
	if err != nil {
		return 0
	}
	return n << 10
}

// siblings maps each core to the first core that shares its physical core.
func siblings(root fs.FS, cores []int) map[int]int {
	first := make(map[int]int)
	for _, core := range cores {
		name := path.Join("sys/devices/system/cpu", "cpu"+strconv.Itoa(core), "topology/thread_siblings_list")
		list, err := ParseCores(line(root, name))
		if err != nil {
			return nil
		}
		first[core] = slices.Min(list)
	}
	return first
}
