package host

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// coreMax bounds the numbers in a list of cores: the kernel's affinity mask has 1,024 bits here.
const coreMax = 1023

// ParseCores reads a list of core numbers in the kernel's notation, "2-5,7", and returns them in
// the order given: the first is for the first busy stage. A core may be named once.
func ParseCores(list string) ([]int, error) {
	var cores []int
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		from, to, isRange := strings.Cut(part, "-")
		first, err := parseCore(from)
		if err != nil {
			return nil, fmt.Errorf("host: core list %q: %w", list, err)
		}
		last := first
		if isRange {
			if last, err = parseCore(to); err != nil {
				return nil, fmt.Errorf("host: core list %q: %w", list, err)
			}
		}
		if last < first {
			return nil, fmt.Errorf("host: core list %q: range %q runs backwards", list, part)
		}
		for core := first; core <= last; core++ {
			if slices.Contains(cores, core) {
				return nil, fmt.Errorf("host: core list %q: core %d is named twice", list, core)
			}
			cores = append(cores, core)
		}
	}
	return cores, nil
}

func parseCore(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > coreMax {
		return 0, fmt.Errorf("%q is not a core number, want 0 to %d, as in 2-5,7", s, coreMax)
	}
	return int(n), nil
}

// FormatCores writes core numbers as ParseCores reads them, runs as ranges: "2-5,7".
func FormatCores(cores []int) string {
	var b strings.Builder
	for i := 0; i < len(cores); {
		j := i
		for j+1 < len(cores) && cores[j+1] == cores[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(cores[i]))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(cores[j]))
		}
		i = j + 1
	}
	return b.String()
}
