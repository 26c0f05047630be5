//go:build !race && !purego

#include "textflag.h"

// func storeRelease(p *atomic.Uint64, v uint64)
TEXT ·storeRelease(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ v+8(FP), CX
	MOVQ CX, (AX)
	RET

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
