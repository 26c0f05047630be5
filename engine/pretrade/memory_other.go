//go:build !linux

package pretrade

// mapMemory returns size zero bytes from the Go heap; the collector does not look into them.
func mapMemory(size int) []byte { return make([]byte, size) }

// unmapMemory leaves memory from mapMemory to the collector.
func unmapMemory([]byte) {}
