package ringbuf

import (
	"fmt"
	"math/bits"
	"reflect"
	"unsafe"
)

// slots is the memory of a ring of values: a power of two of them, without pointers.
type slots[T any] struct {
	base unsafe.Pointer // of the first slot; the memory is buf's
	size uint64         // a power of two
	buf  []T
}

// newSlots reserves at least capacity slots. It panics if capacity is negative or T contains
// pointers: what waits in a ring must not hold memory alive, nor cost the garbage collector a scan
// or the producer a write barrier.
func newSlots[T any](capacity int) slots[T] {
	if t := reflect.TypeFor[T](); hasPointers(t) {
		panic(fmt.Sprintf("ringbuf: type %v contains pointers", t))
	}
	buf := make([]T, roundUp(capacity))
	return slots[T]{base: unsafe.Pointer(unsafe.SliceData(buf)), size: uint64(len(buf)), buf: buf}
}

// at returns the slot of a position. Masked by the size it cannot lie outside, so the bounds check
// that the compiler would put here is saved.
func (s *slots[T]) at(pos uint64) *T {
	var t T
	return (*T)(unsafe.Add(s.base, uintptr(pos&(s.size-1))*unsafe.Sizeof(t)))
}

// fit cuts n slots from pos on down to those before the end of the memory.
func (s *slots[T]) fit(pos, n uint64) uint64 { return min(n, s.size-pos&(s.size-1)) }

// lend returns n contiguous slots from pos on, at most fit; nil for none.
func (s *slots[T]) lend(pos, n uint64) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(s.at(pos), n)
}

// roundUp returns the smallest power of two >= n, and at least 1.
func roundUp(n int) int {
	if n < 0 || n > 1<<40 {
		panic(fmt.Sprintf("ringbuf: capacity %d out of range", n))
	}
	return 1 << bits.Len(uint(max(n, 1)-1))
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	default:
		return t.Kind() > reflect.Complex128
	}
}

// count checks a number of slots that a caller names.
func count(n int) uint64 {
	if n < 0 {
		panic(fmt.Sprintf("ringbuf: a negative number of slots, %d", n))
	}
	return uint64(n)
}
