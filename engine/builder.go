//tezi:pure

package engine

import "github.com/tezi-exchange/tezi/codec"

// Builder is the open batch: what the core has matched since the last seal. Its slices are
// allocated once; a payload is made of them at the seal.
type Builder struct {
	first       uint64 // Seq of the first command that belongs to this batch
	last        uint64 // Seq of the last command applied so far
	firstTrade  uint64
	trades      []codec.Trade
	instruments []codec.Instrument
	packer      *codec.Packer // of trades
}

// NewBuilder returns a builder for the batch that begins with the command after lastCommand and
// with trade number nextTrade.
func NewBuilder(lastCommand, nextTrade uint64) *Builder {
	b := &Builder{
		trades:      make([]codec.Trade, 0, codec.TradesPerBatchMax),
		instruments: make([]codec.Instrument, 0, codec.InstrumentsPerBatchMax),
		packer:      codec.NewPacker(codec.TradesPerBatchMax),
	}
	b.Reset(lastCommand, nextTrade)
	return b
}

// Reset empties the builder for the batch that follows.
func (b *Builder) Reset(lastCommand, nextTrade uint64) {
	b.first, b.last, b.firstTrade = lastCommand+1, lastCommand, nextTrade
	b.trades, b.instruments = b.trades[:0], b.instruments[:0]
	b.packer.Reset()
}

// Trades returns how many trades the open batch has.
func (b *Builder) Trades() int { return len(b.trades) }

// Commands returns how many commands the open batch has.
func (b *Builder) Commands() int { return int(b.last + 1 - b.first) }

// Full reports whether the batch has to be sealed before another command is applied: it has its
// target of trades, or no more room for instruments.
func (b *Builder) Full(target int) bool {
	return len(b.trades) >= target || len(b.instruments) == cap(b.instruments)
}

// Payload is what the batch holds so far. It belongs to the Builder, and changes with the next command.
func (b *Builder) Payload() codec.Payload {
	return codec.Payload{
		FirstCommand: b.first, LastCommand: b.last, FirstTrade: b.firstTrade,
		Instruments: b.instruments, Trades: b.trades,
	}
}

// Pack does a little of what the seal would have to, for a moment in which no command waits: without it the commands that
// come while a full batch is packed wait for all of that. It reports whether there was something to do.
func (b *Builder) Pack() bool { return b.packer.Step(b.trades) }

// AppendPayload appends the batch's payload to dst.
func (b *Builder) AppendPayload(dst []byte) []byte {
	p := b.Payload()
	return b.packer.AppendPayload(dst, &p)
}
