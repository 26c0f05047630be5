package host

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// capIPCLock is the bit of the capability to lock memory without limit.
const capIPCLock = 14

// lockMemory locks the pages of this process as they are touched. It refuses to where the kernel
// would let it begin and later deny the process its memory.
func lockMemory() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return fmt.Errorf("its limit is unknown: %w", err)
	}
	if limit.Cur != unix.RLIM_INFINITY && !mayLock(os.DirFS("/")) {
		return fmt.Errorf("the limit of locked memory is %d KiB, want unlimited (ulimit -l, LimitMEMLOCK=, --ulimit memlock=-1) or the capability IPC_LOCK", limit.Cur>>10)
	}
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		return fmt.Errorf("mlockall: %w", err)
	}
	return nil
}

// mayLock reports whether this process has the capability, in the first user namespace: the kernel does not count that of
// another one, as a container without root has it.
func mayLock(root fs.FS) bool {
	ids := strings.Fields(line(root, "proc/self/uid_map"))
	first := len(ids) == 0 || slices.Equal(ids, []string{"0", "0", "4294967295"})
	caps, err := strconv.ParseUint(field(root, "proc/self/status", "CapEff"), 16, 64)
	return first && err == nil && caps>>capIPCLock&1 == 1
}

// mayHaveHugePages reports whether this process may have them, if the kernel gives any.
func mayHaveHugePages() bool {
	off, err := unix.PrctlRetInt(unix.PR_GET_THP_DISABLE, 0, 0, 0, 0)
	return err != nil || off == 0
}

// hugePageMode reads "always [madvise] never".
func hugePageMode(root fs.FS) string {
	for word := range strings.FieldsSeq(line(root, "sys/kernel/mm/transparent_hugepage/enabled")) {
		if strings.HasPrefix(word, "[") {
			return strings.Trim(word, "[]")
		}
	}
	return ""
}
