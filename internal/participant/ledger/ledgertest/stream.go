package ledgertest

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// Stream makes batches that follow each other, as an engine would, and knows which of them are
// voted for and which are applied.
type Stream struct {
	batches []*batch3pc.Batch // voted for, oldest first
	applied int               // how many of them are applied
	seq     batch3pc.Seq      // the last one given, dropped batches too
}

// Next returns a batch of trades that follows the last voted one. The trades are numbered here.
func (s *Stream) Next(instruments []codec.Instrument, trades ...codec.Trade) *batch3pc.Batch {
	first := uint64(1)
	b := &batch3pc.Batch{Generation: 1, Count: uint32(len(trades))}
	if n := len(s.batches); n > 0 {
		last := Payload(s.batches[n-1])
		first = last.FirstTrade + uint64(len(last.Trades))
		b.Parent, b.ParentChain = s.batches[n-1].Seq, s.batches[n-1].Chain
	}
	for i := range trades {
		trades[i].No = first + uint64(i)
	}
	b.Payload = codec.AppendPayload(nil, &codec.Payload{FirstTrade: first, Instruments: instruments, Trades: trades})
	s.seq++
	b.Seq = s.seq
	b.Seal()
	return b
}

// Voted notes a yes to b, which Next gave.
func (s *Stream) Voted(b *batch3pc.Batch) { s.batches = append(s.batches, b) }

// Undecided is how many batches are voted for and not applied.
func (s *Stream) Undecided() int { return len(s.batches) - s.applied }

// Drop forgets the newest batch and returns it.
func (s *Stream) Drop() *batch3pc.Batch {
	b := s.batches[len(s.batches)-1]
	s.batches = s.batches[:len(s.batches)-1]
	return b
}

// Apply notes that the oldest undecided batch is applied and returns it.
func (s *Stream) Apply() *batch3pc.Batch {
	s.applied++
	return s.batches[s.applied-1]
}

// Applied returns the batches that are applied.
func (s *Stream) Applied() []*batch3pc.Batch { return s.batches[:s.applied] }

// Payload decodes the payload of a batch that Next has made.
func Payload(b *batch3pc.Batch) codec.Payload {
	p, err := codec.DecodePayload(b.Payload, nil)
	if err != nil {
		panic(err)
	}
	return p
}

// Trades returns all trades of the batches, in order.
func Trades(batches []*batch3pc.Batch) []codec.Trade {
	var all []codec.Trade
	for _, b := range batches {
		all = append(all, Payload(b).Trades...)
	}
	return all
}
