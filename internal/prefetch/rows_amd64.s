//go:build !purego

#include "textflag.h"

// func Rows(base unsafe.Pointer, shift uint, rows *[Max]uint32, n int)
TEXT ·Rows(SB), NOSPLIT, $0-32
	MOVQ base+0(FP), DI
	MOVQ shift+8(FP), CX
	MOVQ rows+16(FP), SI
	MOVQ n+24(FP), DX
	LEAQ (SI)(DX*4), DX
	JMP  test

next:
	MOVL (SI), AX
	ADDQ $4, SI
	SHLQ CX, AX
	PREFETCHT0 (DI)(AX*1)

test:
	CMPQ SI, DX
	JNE  next
	RET
