//go:build !amd64 || purego

package prefetch

import "unsafe"

// Rows is a hint, and nothing where there is no instruction for it.
func Rows(base unsafe.Pointer, shift uint, rows *[Max]uint32, n int) {}
