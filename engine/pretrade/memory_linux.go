package pretrade

import (
	"fmt"
	"syscall"
)

// mapMemory returns size zero bytes outside the Go heap. A page costs memory from its first use on, so
// generous limits are cheap until they are needed, and the collector never looks at the rows.
func mapMemory(size int) []byte {
	memory, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		panic(fmt.Sprintf("pretrade: reserving %d bytes of address space for accounts: %v", size, err))
	}
	return memory
}

// unmapMemory gives memory from mapMemory back.
func unmapMemory(memory []byte) {
	if err := syscall.Munmap(memory); err != nil {
		panic(fmt.Sprintf("pretrade: giving back %d bytes of accounts: %v", len(memory), err))
	}
}
