package orderbook

import (
	"fmt"
	"syscall"
	"unsafe"
)

// hugePage is the size of the pages that the memory of an arena is asked to have. With pages of 4 KiB
// much of the time for an order goes into finding them.
const hugePage = 2 << 20

// reserve returns size zero bytes outside the Go heap. A page costs memory from its first use on,
// so a generous arena is cheap until it fills.
func reserve(size int) ([]byte, error) {
	memory, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserving %d bytes of address space for an arena: %w", size, err)
	}
	if skip := int(-uintptr(unsafe.Pointer(&memory[0])) % hugePage); size >= 2*hugePage {
		_ = syscall.Madvise(memory[skip:], syscall.MADV_HUGEPAGE) // a kernel without them is no error
	}
	return memory, nil
}

// unreserve gives memory from reserve back.
func unreserve(memory []byte) {
	if err := syscall.Munmap(memory); err != nil {
		panic(fmt.Sprintf("orderbook: giving back %d bytes of an arena: %v", len(memory), err))
	}
}
