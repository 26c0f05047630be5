//go:build amd64 && !purego

package pretrade

import "unsafe"

// prefetch asks for the lines of rows[:n] of a table whose rows have 1<<shift bytes. It waits for none of them: what
// comes next is done meanwhile, where a load would hold it up.
//
//go:noescape
func prefetch(base unsafe.Pointer, shift uint, rows *[WarmMax]uint32, n int)
