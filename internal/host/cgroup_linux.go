package host

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// cgroup is where the limits of this process are kept.
type cgroup struct {
	v2     string // directory in the unified hierarchy, "" if there is none
	cpu    string // directory of the v1 cpu controller, "" if there is none
	memory string // directory of the v1 memory controller, "" if there is none
}

const cgroupRoot = "sys/fs/cgroup"

// cgroups reads /proc/self/cgroup: "0::/path" is the unified hierarchy, "4:cpu,cpuacct:/path" a
// controller of the old kind.
func cgroups(root fs.FS) cgroup {
	var g cgroup
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return g
	}
	for l := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(l), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if parts[0] == "0" && parts[1] == "" {
			g.v2 = path.Join(cgroupRoot, parts[2])
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			switch controller {
			case "cpu":
				g.cpu = path.Join(cgroupRoot, "cpu", parts[2])
			case "memory":
				g.memory = path.Join(cgroupRoot, "memory", parts[2])
			}
		}
	}
	return g
}

// climb calls visit for dir and every directory above it up to the cgroup root: a limit anywhere on
// the way binds. Inside a container the path in /proc may be the host's and not exist here, or lead
// out of the root ("/../.."); what is then left is the root, which is the container's own.
func climb(dir, top string, visit func(dir string)) {
	if dir == "" {
		return
	}
	if !strings.HasPrefix(dir, top) {
		dir = top
	}
	for ; strings.HasPrefix(dir, top); dir = path.Dir(dir) {
		visit(dir)
	}
}

// quota returns the tightest CPU quota on the way, in cores; 0 if there is none.
func quota(root fs.FS, g cgroup) float64 {
	least := 0.0
	consider := func(quota, period string) {
		q, err1 := strconv.ParseFloat(quota, 64)
		p, err2 := strconv.ParseFloat(period, 64)
		if err1 == nil && err2 == nil && q > 0 && p > 0 && (least == 0 || q/p < least) {
			least = q / p
		}
	}
	climb(g.v2, cgroupRoot, func(dir string) {
		q, p, _ := strings.Cut(line(root, path.Join(dir, "cpu.max")), " ")
		consider(q, p) // "max 100000" is no quota: "max" is not a number
	})
	climb(g.cpu, cgroupRoot+"/cpu", func(dir string) {
		consider(line(root, path.Join(dir, "cpu.cfs_quota_us")), line(root, path.Join(dir, "cpu.cfs_period_us")))
	})
	return least
}

// memoryLimit returns the tightest memory limit on the way, in bytes; 0 if there is none.
func memoryLimit(root fs.FS, g cgroup) uint64 {
	least := uint64(0)
	consider := func(limit string) {
		if n, err := strconv.ParseUint(limit, 10, 64); err == nil && n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	climb(g.v2, cgroupRoot, func(dir string) { consider(line(root, path.Join(dir, "memory.max"))) })
	climb(g.memory, cgroupRoot+"/memory", func(dir string) { consider(line(root, path.Join(dir, "memory.limit_in_bytes"))) })
	return least
}
