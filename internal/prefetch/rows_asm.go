//go:build amd64 && !purego

package prefetch

import "unsafe"

// Rows asks for the first line of each of rows[:n], of a table at base whose rows have 1<<shift bytes. It reads nothing
// and faults nowhere: a row that is not there does no harm.
//
//go:noescape
func Rows(base unsafe.Pointer, shift uint, rows *[Max]uint32, n int)
