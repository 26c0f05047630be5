package ledger

import (
	"fmt"
	"syscall"
)

// mapMemory returns size zero bytes outside the Go heap, in huge pages if there are any.
func mapMemory(size int) []byte {
	block, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		panic(fmt.Sprintf("ledger: no address space for %d bytes: %v", size, err))
	}
	_ = syscall.Madvise(block, syscall.MADV_HUGEPAGE) // a kernel without them works, more slowly
	return block
}

// unmapMemory gives a block from mapMemory back.
func unmapMemory(block []byte) {
	if err := syscall.Munmap(block); err != nil {
		panic(fmt.Sprintf("ledger: cannot give back %d bytes: %v", len(block), err))
	}
}
