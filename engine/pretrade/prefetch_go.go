//go:build !amd64 || purego

package pretrade

import "unsafe"

// prefetch is a hint, and nothing where there is no instruction for it.
func prefetch(base unsafe.Pointer, shift uint, rows *[WarmMax]uint32, n int) {}
