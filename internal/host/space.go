package host

import "fmt"

// NotDurable says why what is synced below dir is durable only in name, a line for people; none if nothing is known
// against it (I3).
func NotDurable(dir string) []string {
	if fs := inMemory(dir); fs != "" {
		return []string{fmt.Sprintf("durable: %s is on %s, which is memory: syncs wait for no disk, and a power cut loses all of it", dir, fs)}
	}
	return nil
}
