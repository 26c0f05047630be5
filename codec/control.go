package codec

import (
	"encoding/binary"
	"fmt"
)

// Hello opens a connection in both directions: who speaks.
type Hello struct {
	Node uint8  // node id
	Role string // "engine", "risk", "settlement", "marketdata"; at most 255 bytes
	// Process is a random number of the process that speaks, by which two that claim to be the same
	// node are told apart; 0: it does not say.
	Process uint64
}

// AppendHello appends the body of a FrameHello. It panics if the role is too long.
func AppendHello(dst []byte, h Hello) []byte {
	if len(h.Role) > 255 {
		panic(fmt.Sprintf("codec: a role of %d bytes, want at most 255", len(h.Role)))
	}
	dst = append(dst, h.Node, byte(len(h.Role)))
	dst = append(dst, h.Role...)
	if h.Process != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, h.Process)
	}
	return dst
}

// DecodeHello reads the body of a FrameHello. The error wraps ErrFrameBody.
func DecodeHello(b []byte) (Hello, error) {
	if len(b) < 2 {
		return Hello{}, fmt.Errorf("%w: hello of %d bytes, want at least 2", ErrFrameBody, len(b))
	}
	if n := 2 + int(b[1]); len(b) != n && len(b) != n+8 {
		return Hello{}, fmt.Errorf("%w: hello of %d bytes with a role of %d, want %d or %d", ErrFrameBody, len(b), b[1], n, n+8)
	}
	role, process := b[2:2+int(b[1])], b[2+int(b[1]):]
	h := Hello{Node: b[0], Role: string(role)}
	if len(process) > 0 {
		h.Process = binary.LittleEndian.Uint64(process)
		if h.Process == 0 {
			return Hello{}, fmt.Errorf("%w: hello of process 0, want it left out", ErrFrameBody)
		}
	}
	return h, nil
}

// Summary is what a participant reports when it has finished: the body of a FrameFinished.
type Summary struct {
	AppliedBatches uint64
	AppliedTrades  uint64
	Chain          uint64 // chain of the last applied batch
	Digest         uint64 // hash of the business state
	Syncs          uint64 // fdatasyncs done
}

// SummarySize is the size of the body of a FrameFinished.
const SummarySize = 40

// AppendSummary appends the body of a FrameFinished.
func AppendSummary(dst []byte, s Summary) []byte {
	for _, v := range [...]uint64{s.AppliedBatches, s.AppliedTrades, s.Chain, s.Digest, s.Syncs} {
		dst = binary.LittleEndian.AppendUint64(dst, v)
	}
	return dst
}

// DecodeSummary reads the body of a FrameFinished. The error wraps ErrFrameBody.
func DecodeSummary(b []byte) (Summary, error) {
	if len(b) != SummarySize {
		return Summary{}, fmt.Errorf("%w: summary of %d bytes, want %d", ErrFrameBody, len(b), SummarySize)
	}
	u := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	return Summary{u(0), u(1), u(2), u(3), u(4)}, nil
}
