//go:build !linux

package book

// resident is told on Linux only.
func resident() int64 { return -1 }
