package orderbook

import (
	"fmt"
	"syscall"
)

// reserve returns size zero bytes outside the Go heap. A page costs memory from its first use on,
// so a generous arena is cheap until it fills.
func reserve(size int) []byte {
	memory, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		panic(fmt.Sprintf("orderbook: reserving %d bytes of address space for an arena: %v", size, err))
	}
	return memory
}

// unreserve gives memory from reserve back.
func unreserve(memory []byte) {
	if err := syscall.Munmap(memory); err != nil {
		panic(fmt.Sprintf("orderbook: giving back %d bytes of an arena: %v", len(memory), err))
	}
}
