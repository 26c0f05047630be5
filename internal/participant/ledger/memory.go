package ledger

import (
	"runtime"
	"unsafe"
)

// memory is a block of values without pointers. A large one lies outside the Go heap, in huge pages
// where the system has them: tables that are looked up at random places spend most of their time on
// finding the page, and twice as much under a hypervisor (BenchmarkIndex: a third off at 400,000 rows).
type memory[T any] struct {
	values []T
	free   runtime.Cleanup
}

// largeMin is the size in bytes from which a block is worth pages of its own.
const largeMin = 4 << 20

// grow replaces the block by one of n values, of which the first are the old ones. owner is who holds
// the memory: the block goes when the owner does.
func grow[T, O any](owner *O, m *memory[T], n int) {
	fresh := make0[T](owner, n)
	copy(fresh.values, m.values)
	m.drop()
	*m = fresh
}

// make0 returns a block of n zero values for owner.
func make0[T, O any](owner *O, n int) memory[T] {
	var zero T
	size := n * int(unsafe.Sizeof(zero))
	if size < largeMin {
		return memory[T]{values: make([]T, n)}
	}
	block := mapMemory(size)
	return memory[T]{
		values: unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(block))), n),
		free:   runtime.AddCleanup(owner, unmapMemory, block),
	}
}

// drop gives the block back.
func (m *memory[T]) drop() {
	var zero T
	if size := len(m.values) * int(unsafe.Sizeof(zero)); size >= largeMin {
		m.free.Stop()
		unmapMemory(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(m.values))), size))
	}
}
