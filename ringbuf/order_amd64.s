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
