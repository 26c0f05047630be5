package pretrade

import (
	"fmt"
	"syscall"
	"unsafe"
)

// hugePage is the size of the pages that the memory of accounts is asked to have: an order finds its position
// by two trips to places that nobody can foretell, and with pages of 4 KiB each waits for the page first.
const hugePage = 2 << 20

// mapMemory returns size zero bytes outside the Go heap. A page costs memory from its first use on, so
// generous limits are cheap until they are needed, and the collector never looks at the rows.
func mapMemory(size int) []byte {
	memory, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		panic(fmt.Sprintf("pretrade: reserving %d bytes of address space for accounts: %v", size, err))
	}
	if skip := int(-uintptr(unsafe.Pointer(&memory[0])) % hugePage); size >= 2*hugePage {
		_ = syscall.Madvise(memory[skip:], syscall.MADV_HUGEPAGE) // a kernel without them is no error
	}
	return memory
}

// unmapMemory gives memory from mapMemory back.
func unmapMemory(memory []byte) {
	if err := syscall.Munmap(memory); err != nil {
		panic(fmt.Sprintf("pretrade: giving back %d bytes of accounts: %v", len(memory), err))
	}
}
