//go:build !race && !purego

#include "textflag.h"

// func fence()
// A locked instruction on a line that is ours already is cheaper than MFENCE.
TEXT ·fence(SB), NOSPLIT, $0-0
	LOCK
	ADDL $0, 0(SP)
	RET

// func pause(n int)
TEXT ·pause(SB), NOSPLIT, $0-8
	MOVQ n+0(FP), CX
again:
	PAUSE
	SUBQ $1, CX
	JGT  again
	RET

// func own(p unsafe.Pointer, n int)
// The assembler does not know PREFETCHW (DI). Where a processor has it not, it does nothing.
TEXT ·own(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	JMP  test
next:
	BYTE $0x0F; BYTE $0x0D; BYTE $0x0F
	ADDQ $64, DI
test:
	SUBQ $1, CX
	JGE  next
	RET
