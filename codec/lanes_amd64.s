//go:build !race && !purego

#include "textflag.h"

// The loops of lanes.go. A register holds a value of each of eight trades; Z0 is the one at work.

// func canLanes() bool
// AVX-512 F, DQ, BW, VL and VBMI, and a system that saves the registers.
TEXT ·canLanes(SB), NOSPLIT, $0-1
	MOVB  $0, ret+0(FP)
	XORL  AX, AX
	CPUID
	CMPL  AX, $7
	JLT   no
	MOVL  $1, AX
	XORL  CX, CX
	CPUID
	BTL   $27, CX
	JCC   no
	XORL  CX, CX
	XGETBV
	ANDL  $0xe6, AX
	CMPL  AX, $0xe6
	JNE   no
	MOVL  $7, AX
	XORL  CX, CX
	CPUID
	ANDL  $0xc0030000, BX
	CMPL  BX, $0xc0030000
	JNE   no
	BTL   $1, CX
	JCC   no
	MOVB  $1, ret+0(FP)
no:
	RET

// turn makes the rows Z0 to Z7 of eight words the columns Z16 to Z23.
#define turn \
	VPUNPCKLQDQ Z1, Z0, Z8           \
	VPUNPCKHQDQ Z1, Z0, Z9           \
	VPUNPCKLQDQ Z3, Z2, Z10          \
	VPUNPCKHQDQ Z3, Z2, Z11          \
	VPUNPCKLQDQ Z5, Z4, Z12          \
	VPUNPCKHQDQ Z5, Z4, Z13          \
	VPUNPCKLQDQ Z7, Z6, Z14          \
	VPUNPCKHQDQ Z7, Z6, Z15          \
	VSHUFI64X2  $0x88, Z10, Z8, Z0   \
	VSHUFI64X2  $0xdd, Z10, Z8, Z1   \
	VSHUFI64X2  $0x88, Z14, Z12, Z2  \
	VSHUFI64X2  $0xdd, Z14, Z12, Z3  \
	VSHUFI64X2  $0x88, Z11, Z9, Z4   \
	VSHUFI64X2  $0xdd, Z11, Z9, Z5   \
	VSHUFI64X2  $0x88, Z15, Z13, Z6  \
	VSHUFI64X2  $0xdd, Z15, Z13, Z7  \
	VSHUFI64X2  $0x88, Z2, Z0, Z16   \
	VSHUFI64X2  $0xdd, Z2, Z0, Z20   \
	VSHUFI64X2  $0x88, Z3, Z1, Z18   \
	VSHUFI64X2  $0xdd, Z3, Z1, Z22   \
	VSHUFI64X2  $0x88, Z6, Z4, Z17   \
	VSHUFI64X2  $0xdd, Z6, Z4, Z21   \
	VSHUFI64X2  $0x88, Z7, Z5, Z19   \
	VSHUFI64X2  $0xdd, Z7, Z5, Z23

// func turnIn(words *lanes, trades *Trade, groups int)
TEXT ·turnIn(SB), NOSPLIT, $0-24
	MOVQ words+0(FP), DI
	MOVQ trades+8(FP), SI
	MOVQ groups+16(FP), CX
again:
	VMOVDQU64 (SI), Z0
	VMOVDQU64 64(SI), Z1
	VMOVDQU64 128(SI), Z2
	VMOVDQU64 192(SI), Z3
	VMOVDQU64 256(SI), Z4
	VMOVDQU64 320(SI), Z5
	VMOVDQU64 384(SI), Z6
	VMOVDQU64 448(SI), Z7
	turn
	VMOVDQU64 Z16, (DI)
	VMOVDQU64 Z17, 2048(DI)
	VMOVDQU64 Z18, 4096(DI)
	VMOVDQU64 Z19, 6144(DI)
	VMOVDQU64 Z20, 8192(DI)
	VMOVDQU64 Z21, 10240(DI)
	VMOVDQU64 Z22, 12288(DI)
	VMOVDQU64 Z23, 14336(DI)
	ADDQ $512, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  again
	VZEROUPPER
	RET

// func turnOut(trades *Trade, words *lanes, groups int)
TEXT ·turnOut(SB), NOSPLIT, $0-24
	MOVQ trades+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ groups+16(FP), CX
again:
	VMOVDQU64 (SI), Z0
	VMOVDQU64 2048(SI), Z1
	VMOVDQU64 4096(SI), Z2
	VMOVDQU64 6144(SI), Z3
	VMOVDQU64 8192(SI), Z4
	VMOVDQU64 10240(SI), Z5
	VMOVDQU64 12288(SI), Z6
	VMOVDQU64 14336(SI), Z7
	turn
	VMOVDQU64 Z16, (DI)
	VMOVDQU64 Z17, 64(DI)
	VMOVDQU64 Z18, 128(DI)
	VMOVDQU64 Z19, 192(DI)
	VMOVDQU64 Z20, 256(DI)
	VMOVDQU64 Z21, 320(DI)
	VMOVDQU64 Z22, 384(DI)
	VMOVDQU64 Z23, 448(DI)
	ADDQ $64, SI
	ADDQ $512, DI
	DECQ CX
	JNZ  again
	VZEROUPPER
	RET

// values loads the column's values, X15 bits up in the words at SI and as long as Z14.
#define values \
	VMOVDQU64 (SI), Z0       \
	VPSRLQ    X15, Z0, Z0

// steps makes them what they exceed those before by, the last of which is in Z9.
#define steps \
	VALIGNQ   $7, Z9, Z0, Z1 \
	VMOVDQA64 Z0, Z9         \
	VPSUBQ    Z1, Z0, Z0

// The branches within the loops go the same way all the time, which costs less than a register's work that nobody needs.

// func laneBounds(words *uint64, groups int, c *laneColumn, low, high *[8]uint64)
TEXT ·laneBounds(SB), NOSPLIT, $0-40
	MOVQ         words+0(FP), SI
	MOVQ         groups+8(FP), CX
	MOVQ         c+16(FP), BX
	VMOVQ        0(BX), X15
	VPBROADCASTQ 8(BX), Z14
	VPBROADCASTQ 16(BX), Z9
	MOVQ         24(BX), AX
	VPTERNLOGD   $0xff, Z2, Z2, Z2
	VPXORQ       Z3, Z3, Z3
again:
	values
	TESTQ     AX, AX
	JZ        plain
	steps
plain:
	VPANDQ    Z14, Z0, Z0
	VPMINUQ   Z0, Z2, Z2
	VPMAXUQ   Z0, Z3, Z3
	ADDQ      $64, SI
	DECQ      CX
	JNZ       again
	MOVQ      low+24(FP), DI
	VMOVDQU64 Z2, (DI)
	MOVQ      high+32(FP), DI
	VMOVDQU64 Z3, (DI)
	VZEROUPPER
	RET

// func lanePack(out unsafe.Pointer, words *uint64, groups int, c *laneColumn, w *laneWidth)
TEXT ·lanePack(SB), NOSPLIT, $0-40
	MOVQ         out+0(FP), DI
	MOVQ         words+8(FP), SI
	MOVQ         groups+16(FP), CX
	MOVQ         c+24(FP), BX
	VMOVQ        0(BX), X15
	VPBROADCASTQ 8(BX), Z14
	VPBROADCASTQ 16(BX), Z9
	MOVQ         24(BX), AX
	VPBROADCASTQ 32(BX), Z13
	MOVQ         w+32(FP), BX
	VMOVDQU64    0(BX), Z12
	VMOVDQU64    64(BX), Z11
	MOVQ         192(BX), DX
	MOVQ         216(BX), BX
again:
	values
	TESTQ      AX, AX
	JZ         plain
	steps
plain:
	VPSUBQ     Z13, Z0, Z0
	VPANDQ     Z14, Z0, Z0
	VPSLLVQ    Z12, Z0, Z0
	CMPQ       BX, $2
	JLT        joined
	VPSHUFD    $0x4e, Z0, Z1
	VPORQ      Z1, Z0, Z0
	JEQ        joined
	VPERMQ     $0x4e, Z0, Z1
	VPORQ      Z1, Z0, Z0
	CMPQ       BX, $4
	JEQ        joined
	VSHUFI64X2 $0x4e, Z0, Z0, Z1
	VPORQ      Z1, Z0, Z0
joined:
	VPERMB     Z0, Z11, Z0
	VMOVDQU64  Z0, (DI)
	ADDQ       DX, DI
	ADDQ       $64, SI
	DECQ       CX
	JNZ        again
	VZEROUPPER
	RET

// numbers reads the numbers of a column at SI and adds the base to each.
#define numbers \
	VMOVDQU8.Z (SI), K1, Z0  \
	VPERMB     Z0, Z11, Z0   \
	VPSRLVQ    Z12, Z0, Z0   \
	VPANDQ     Z10, Z0, Z0   \
	VPADDQ     Z13, Z0, Z0

// place puts the values at Z0 into the words at DI.
#define place \
	VPSLLQ    X15, Z0, Z0 \
	VPANDQ    Z14, Z0, Z0 \
	VPORQ     (DI), Z0, Z0 \
	VMOVDQU64 Z0, (DI)

// func laneUnpack(words *uint64, in unsafe.Pointer, groups int, c *laneColumn, w *laneWidth)
TEXT ·laneUnpack(SB), NOSPLIT, $0-40
	MOVQ         words+0(FP), DI
	MOVQ         in+8(FP), SI
	MOVQ         groups+16(FP), CX
	MOVQ         c+24(FP), BX
	VMOVQ        0(BX), X15
	VPBROADCASTQ 8(BX), Z14
	VPSLLQ       X15, Z14, Z14
	VPBROADCASTQ 16(BX), Z9
	MOVQ         24(BX), AX
	VPBROADCASTQ 32(BX), Z13
	MOVQ         w+32(FP), BX
	VMOVDQU64    0(BX), Z12
	VMOVDQU64    128(BX), Z11
	MOVQ         192(BX), DX
	KMOVQ        200(BX), K1
	VPBROADCASTQ 208(BX), Z10
	TESTQ        AX, AX
	JNZ          sums
again:
	numbers
	place
	ADDQ DX, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  again
	VZEROUPPER
	RET

sums: // each value is the sum of the numbers up to its own, and of what was before
	VPXORQ       Z2, Z2, Z2
	MOVQ         $7, AX
	VPBROADCASTQ AX, Z3
next:
	numbers
	VALIGNQ $7, Z2, Z0, Z1
	VPADDQ  Z1, Z0, Z0
	VALIGNQ $6, Z2, Z0, Z1
	VPADDQ  Z1, Z0, Z0
	VALIGNQ $4, Z2, Z0, Z1
	VPADDQ  Z1, Z0, Z0
	VPADDQ  Z9, Z0, Z0
	VPERMQ  Z0, Z3, Z9
	place
	ADDQ DX, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  next
	VZEROUPPER
	RET
