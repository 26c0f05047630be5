package codec_test

import (
	"fmt"
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

// BenchmarkFrame is what the checksum of a frame costs who sends it and who receives it, by the trades of its batch.
func BenchmarkFrame(b *testing.B) {
	for _, trades := range []int{0, 100, 1000, 10_000} {
		frame := codec.BeginFrame(nil, codec.Header{Kind: codec.FrameMessage})
		frame = append(frame, make([]byte, 200+trades*codec.TradeSize)...)
		b.Run(fmt.Sprintf("op=seal/trades=%d", trades), func(b *testing.B) {
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				codec.SealFrame(frame)
			}
		})
		b.Run(fmt.Sprintf("op=check/trades=%d", trades), func(b *testing.B) {
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if _, _, err := codec.CheckFrame(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("op=verify/trades=%d", trades), func(b *testing.B) {
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if _, _, err := codec.VerifyFrame(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
